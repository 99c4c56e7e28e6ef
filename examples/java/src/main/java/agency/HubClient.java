package agency;

import com.google.protobuf.*;
import com.google.rpc.*;
import io.grpc.*;
import io.grpc.protobuf.StatusProto;
import java.io.IOException;
import java.net.URI;
import java.nio.file.*;
import java.util.*;
import java.util.concurrent.*;
import java.util.function.Consumer;
import ndxp.exchange.v1.*;
import ndxp.exchange.v1.Record;
import ndxp.registry.v1.AgencyServiceGrpc;
import ndxp.registry.v1.WhoAmIRequest;
import ndxp.registry.v1.WhoAmIResponse;

/** A system of an agency at the hub: asks who it is, publishes records, receives records. */
public final class HubClient implements AutoCloseable {
    // How much the hub may have under way to us: at most this much comes again after a crash.
    private static final int CREDIT_RECORDS = 1_000, CREDIT_BYTES = 4 << 20;
    private final ManagedChannel channel;

    /** Connects with the certificate and key of a directory to the hub named there, trusting its ca.pem alone. */
    public HubClient(Path identity) throws IOException {
        var credentials = TlsChannelCredentials.newBuilder()
            .keyManager(identity.resolve("cert.pem").toFile(), identity.resolve("key.pem").toFile())
            .trustManager(identity.resolve("ca.pem").toFile()).build();
        var hub = URI.create(Files.readString(identity.resolve("hub")).strip()).getAuthority();
        channel = Grpc.newChannelBuilder(hub, credentials).build();
    }

    @Override
    public void close() {
        channel.shutdownNow();
    }

    /** Asks who the hub takes us for, and what it limits. */
    public WhoAmIResponse whoAmI() throws Exception {
        var request = WhoAmIRequest.getDefaultInstance();
        var stub = AgencyServiceGrpc.newBlockingV2Stub(channel);
        return retrying(() -> stub.withDeadlineAfter(30, TimeUnit.SECONDS).whoAmI(request));
    }

    /** Publishes one record a line. The ids follow from the file: sent again after a crash, nothing doubles. */
    public void publish(String dataset, Path file, Op op) throws Exception {
        var limits = whoAmI().getLimits();
        var fileId = UUID.nameUUIDFromBytes(Files.readAllBytes(file));
        var batch = PublishRequest.newBuilder().setDataset(dataset);
        long bytes = 0, line = 0;
        for (var json : Files.readAllLines(file)) {
            var payload = ByteString.copyFromUtf8(json);
            bytes += payload.size();
            if (batch.getRecordsCount() == limits.getPublishRecords() || bytes > limits.getPublishBytes()) {
                publish(batch.build());
                batch.clearRecords();
                bytes = payload.size();
            }
            batch.addRecords(Record.newBuilder().setRecordId(fileId + ":" + ++line).setOp(op).setPayload(payload));
        }
        publish(batch.build());
    }

    // Returns when the answer is there, so that records of one key keep their order.
    private void publish(PublishRequest batch) throws Exception {
        if (batch.getRecordsCount() == 0) return;
        System.err.printf("%d records from %s: ", batch.getRecordsCount(), batch.getRecords(0).getRecordId());
        var stub = PublishServiceGrpc.newBlockingV2Stub(channel);
        var reply = retrying(() -> stub.withDeadlineAfter(30, TimeUnit.SECONDS).publish(batch));
        System.err.printf("%d accepted, %d duplicates, audit entry %d%n",
            reply.getAccepted(), reply.getDuplicates(), reply.getReceipt().getIndex());
    }

    /** Receives records, creating the subscription at first use. What {@code store} returned from is acknowledged. */
    public void subscribe(String name, String dataset, String purpose, boolean untilIdle,
            Consumer<List<DeliveredRecord>> store) throws Exception {
        var request = CreateSubscriptionRequest.newBuilder().setRequestId(UUID.randomUUID().toString());
        request.getSubscriptionBuilder().setName(name).setDataset(dataset).getAccessBuilder().setPurpose(purpose);
        var stub = SubscribeServiceGrpc.newBlockingV2Stub(channel);
        try {
            retrying(() -> stub.withDeadlineAfter(30, TimeUnit.SECONDS).createSubscription(request.build()));
        } catch (StatusException e) { // there since an earlier run is fine, but let it be of this dataset
            var get = GetSubscriptionRequest.newBuilder().setName(name).build();
            if (!reason(e).equals("NAME_TAKEN")) throw e;
            if (!stub.getSubscription(get).getSubscription().getDataset().equals(dataset)) throw e;
        }
        retrying(() -> receive(name, untilIdle, store)); // a new stream goes on where the last was settled
    }

    private Void receive(String name, boolean untilIdle, Consumer<List<DeliveredRecord>> store) throws Exception {
        var hub = SubscribeServiceGrpc.newBlockingV2Stub(channel).withWaitForReady().subscribe();
        hub.write(frame(f -> f.getOpenBuilder().setSubscription(name)));
        hub.write(frame(f -> f.getCreditBuilder().setRecords(CREDIT_RECORDS).setBytes(CREDIT_BYTES)));
        var idle = false;
        int unsettled = 0;
        while (!(untilIdle && idle && unsettled == 0)) {
            var frame = hub.read(60, TimeUnit.SECONDS); // a hub that lives sends a heartbeat every 25 s
            if (frame == null) return null;
            switch (frame.getFrameCase()) {
                case DELIVER -> {
                    var records = frame.getDeliver().getRecordsList();
                    store.accept(records);
                    hub.write(frame(f -> records.forEach(r -> f.getSettleBuilder().addAckTokens(r.getAckToken()))));
                    var bytes = records.stream().mapToLong(r -> r.getPayload().size()).sum();
                    hub.write(frame(f -> f.getCreditBuilder().setRecords(records.size()).setBytes(Math.max(1, bytes))));
                    unsettled++;
                }
                case SETTLE_RESULT -> unsettled--; // one for each settle, once it is durable
                case IDLE -> idle = true;
                case HEARTBEAT -> hub.write(frame(SubscribeRequest.Builder::getHeartbeatBuilder));
                default -> { } // ready, a farewell that the status explains, or a kind of a newer hub
            }
        }
        hub.halfClose();
        return null;
    }

    private static SubscribeRequest frame(Consumer<SubscribeRequest.Builder> kind) {
        var frame = SubscribeRequest.newBuilder();
        kind.accept(frame);
        return frame.build();
    }

    // Sends the same again, ids and all, as long as the hub says by RetryInfo that it may help.
    private static <T> T retrying(Callable<T> call) throws Exception {
        while (true) {
            try {
                return call.call();
            } catch (StatusException e) {
                var delay = detail(e, RetryInfo.class).orElseThrow(() -> e).getRetryDelay();
                System.err.println(reason(e) + ", so once more");
                Thread.sleep(delay.getSeconds() * 1_000 + delay.getNanos() / 1_000_000);
            }
        }
    }

    /** One detail of the hub's error; none if the error is not the hub's but of the way to it. */
    static <T extends Message> Optional<T> detail(StatusException e, Class<T> type) throws IOException {
        for (var detail : StatusProto.fromThrowable(e).getDetailsList())
            if (detail.is(type)) return Optional.of(detail.unpack(type));
        return Optional.empty();
    }

    /** The code to look at: the hub's reason, else gRPC's. */
    static String reason(StatusException e) throws IOException {
        return detail(e, ErrorInfo.class).map(ErrorInfo::getReason).orElse(e.getStatus().getCode().name());
    }
}
