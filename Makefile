# Every target sets up what it needs first (tools/setup.sh); only Rust and make have to be there.
.DEFAULT_GOAL := help
.PHONY: help demo brokers test check build bench fmt replay nightly mutants
# The targets share cargo's target directory and its lock.
.NOTPARALLEL:

# Where rustup puts cargo, for a shell that was open before Rust was installed.
export PATH := $(PATH):$(HOME)/.cargo/bin

NDXP := $(or $(CARGO_TARGET_DIR),target)/release/ndxp

help: ## list the targets
	@echo "make <target>:"
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  \1\t\2/p' $(MAKEFILE_LIST) | expand -t 10

# What is asked for by ENGINE is built as well.
ifeq ($(ENGINE),kafka)
override FEATURES += kafka
endif

demo: $(if $(filter kafka,$(ENGINE)),brokers) build ## build, then show the hub at work on the real administrative units, about a minute (ENGINE=kafka: on a broker)
	@$(NDXP) demo --once $(if $(ENGINE),--engine $(ENGINE))

# First of all, so that what is missing is said before anything is built.
brokers:
	@tools/setup.sh brokers

test: ## run every test, end with what was skipped and why (STRICT=1: a skip is a failure)
	@tools/setup.sh test
	@tools/test.sh

check: ## format, clippy, documentation, proto lint and the arrows between crates
	@tools/setup.sh check
	@tools/check.sh

build: ## build the release binary, target/release/ndxp (FEATURES=kafka: with the Kafka engine)
	@tools/setup.sh build $(FEATURES)
	cargo build --release --locked -p ndxp-cli $(if $(FEATURES),--features "$(strip $(FEATURES))")

bench: build ## measure publishing and receiving, against the bare engine
	@$(NDXP) bench all

fmt: ## format the sources
	cargo fmt --all

replay: ## run one seed of a simulation again (SEED=17; OF=hub: of the whole node's, else the machine's)
	@tools/replay.sh $(SEED) $(if $(OF),ndxp-$(OF))

nightly: ## run 100,000 seeds of each simulation, hours
	NDXP_SEEDS=$(or $(NDXP_SEEDS),100000) cargo test --locked --release -p ndxp-delivery -p ndxp-hub --test simulation

mutants: ## seed bugs into the delivery machine and demand that its tests find each
	@tools/mutants.sh
