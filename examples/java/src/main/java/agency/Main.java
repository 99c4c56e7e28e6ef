package agency;

import com.google.protobuf.TextFormat;
import com.google.rpc.BadRequest;
import com.google.rpc.ErrorInfo;
import com.google.rpc.RequestInfo;
import io.grpc.StatusException;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import ndxp.exchange.v1.Op;
import ndxp.exchange.v1.DeliveredRecord;

/** The command line around {@link HubClient}: data to standard output, words to standard error. */
final class Main {
    private static final PrintStream OUT =
        new PrintStream(new FileOutputStream(FileDescriptor.out), false, StandardCharsets.UTF_8);

    public static void main(String... args) throws Exception {
        var command = args.length > 1 ? args[1] + " " + args.length : "";
        if (!List.of("whoami 2", "publish 4", "publish 5", "subscribe 5", "subscribe 6").contains(command)) {
            System.err.println("""
                usage: hub-client IDENTITY whoami
                       hub-client IDENTITY publish DATASET FILE [UPSERT|DELETE|EVENT]
                       hub-client IDENTITY subscribe SUBSCRIPTION DATASET PURPOSE [--until-idle]""");
            System.exit(2);
        }
        try (var hub = new HubClient(Path.of(args[0]))) {
            switch (args[1]) {
                case "whoami" -> OUT.print(TextFormat.printer().escapingNonAscii(false).printToString(hub.whoAmI()));
                case "publish" -> hub.publish(args[2], Path.of(args[3]), op(args.length > 4 ? args[4] : "UPSERT"));
                default -> hub.subscribe(args[2], args[3], args[4], args.length > 5, Main::print);
            }
        } catch (StatusException e) {
            explain(e);
            System.exit(1);
        }
    }

    private static Op op(String word) {
        return Op.valueOf("OP_" + word);
    }

    /** An agency stores here. A record that comes "again" may be stored already, under the same record id. */
    private static void print(List<DeliveredRecord> records) {
        var lines = new StringBuilder();
        for (var r : records) {
            lines.append(r.getAttempt() > 1 ? "again" : "first").append('\t').append(r.getRecordId()).append('\t')
                .append(r.getOp()).append('\t').append(r.getPayload().toStringUtf8()).append('\n');
        }
        OUT.print(lines);
        if (OUT.checkError()) throw new IllegalStateException("cannot write, so nothing is acknowledged");
    }

    private static void explain(StatusException e) throws IOException {
        System.err.println(e.getMessage());
        HubClient.detail(e, BadRequest.class).ifPresent(bad -> bad.getFieldViolationsList()
            .forEach(place -> System.err.println("  at " + place.getField() + ": " + place.getDescription())));
        System.err.println("  reason: " + HubClient.reason(e));
        HubClient.detail(e, ErrorInfo.class).ifPresent(info -> info.getMetadataMap()
            .forEach((fact, value) -> System.err.println("  " + fact + ": " + value)));
        HubClient.detail(e, RequestInfo.class)
            .ifPresent(request -> System.err.println("  request: " + request.getRequestId()));
    }
}
