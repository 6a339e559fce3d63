# `make help` lists what there is. All of it needs cargo, Python 3 and make, and brings the rest itself.

PYTHON ?= python3
CARGO ?= cargo
# Known here because the binaries are taken from there.
export CARGO_TARGET_DIR ?= $(CURDIR)/target
export PYTHONDONTWRITEBYTECODE = 1

LAB := $(CARGO_TARGET_DIR)/debug/mrp-lab
MRP := $(CARGO_TARGET_DIR)/release/mrp
MODULES := $(CARGO_TARGET_DIR)/release/mrp-ansible
BENCH = $(PYTHON) tests/bench.py --lab "$(CARGO_TARGET_DIR)/release/mrp-lab" --library library --static "$(STATIC)"
# Where a static build for Linux is, if one was made: cargo build --target x86_64-unknown-linux-musl ...
STATIC := $(CARGO_TARGET_DIR)/x86_64-unknown-linux-musl/release/mrp-ansible
# A module is what has documentation in library/. The inventory is none, and is documented in docs/.
LINKS := $(patsubst library/%.yml,%,$(wildcard library/*.yml)) mrp_inventory
CARGO_DENY_VERSION := 0.20.2
CARGO_DENY := .cache/cargo-deny-$(CARGO_DENY_VERSION)/bin/cargo-deny

.PHONY: help demo test test-ansible-lines install-modules docs bench bench-docs deny fmt lint modules mrp lab release-lab clean

help: ## Lists the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "%-20s %s\n", $$1, $$2 }' Makefile

demo: install-modules lab ## Provisions a machine of a simulated server from Ansible, twice
	@bin=$$($(PYTHON) tests/venvs.py newest) && \
	$(PYTHON) tests/demo.py --lab "$(LAB)" --ansible "$$bin"

test: install-modules lab ## Runs all tests, with the oldest and the newest ansible-core that this Python runs
	@bins=$$($(PYTHON) tests/venvs.py oldest newest) && \
	MRP_TEST_ANSIBLE="$$bins" $(CARGO) test --workspace --locked --no-fail-fast

test-ansible-lines: install-modules lab ## Runs the tests with every ansible-core that a Python is found for
	@bins=$$($(PYTHON) tests/venvs.py all) && \
	MRP_TEST_ANSIBLE="$$bins" $(CARGO) test --workspace --locked --no-fail-fast

install-modules: modules ## Puts the release binary into library/ under the names of the modules and the inventory
	@find library -maxdepth 1 -type l -delete
	@cmp -s "$(MODULES)" library/mrp-ansible || \
	{ cp "$(MODULES)" library/.mrp.new && mv -f library/.mrp.new library/mrp-ansible; }
	@for link in $(LINKS); do ln -sf mrp-ansible "library/$$link" || exit 1; done

docs: mrp ## Writes the modules' documentation, library/*.yml, from their option tables
	"$(MRP)" docs library

bench: install-modules release-lab ## Prints what each work costs beside the least it can cost, and which goals are missed
	@bin=$$($(PYTHON) tests/venvs.py newest) && $(BENCH) --ansible "$$bin"

bench-docs: install-modules release-lab ## Writes docs/benchmarks.md
	@bin=$$($(PYTHON) tests/venvs.py newest) && $(BENCH) --ansible "$$bin" --write docs/benchmarks.md

deny: $(CARGO_DENY) ## Checks licences, bans and sources of the dependencies
	"$(CARGO_DENY)" --locked check licenses bans sources

fmt: ## Formats the code
	$(CARGO) fmt --all

lint: ## Checks format, lints and documentation as CI does
	$(CARGO) fmt --all --check
	$(CARGO) clippy --workspace --all-targets --locked -- -D warnings
	$(CARGO) clippy -p mr-provisioner --lib --bin mrp-ansible --no-default-features --locked -- -D warnings
	RUSTDOCFLAGS="-D warnings" $(CARGO) doc -p mr-provisioner --lib --no-deps --no-default-features --locked
	RUSTDOCFLAGS="-D warnings" $(CARGO) doc -p mr-provisioner --lib --no-deps --locked

# -p: built together with the lab, the binaries would get the lab's features of their common dependencies.
modules:
	$(CARGO) build --release --locked -p mr-provisioner --bin mrp-ansible --no-default-features

mrp: ## Builds the command line, target/release/mrp
	$(CARGO) build --release --locked -p mr-provisioner --bin mrp

lab:
	$(CARGO) build --locked -p mrp-lab

# Of the lab's own speed a benchmark must not live: its debug build is slower than what it is asked by.
release-lab:
	$(CARGO) build --release --locked -p mrp-lab

# Its own target directory, which is gone afterwards: nothing of it is of use to anything else.
$(CARGO_DENY):
	$(CARGO) install --locked --root .cache/cargo-deny-$(CARGO_DENY_VERSION) --target-dir .cache/cargo-deny-target \
		cargo-deny@$(CARGO_DENY_VERSION)
	rm -rf .cache/cargo-deny-target

clean: ## Removes everything that was made
	$(CARGO) clean
	rm -rf .venv .cache tests/__pycache__
	find library -maxdepth 1 -type l -delete
	rm -f library/mrp-ansible library/.mrp.new
