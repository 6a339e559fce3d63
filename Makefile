# `make help` lists what there is. All of it needs cargo, Python 3 and make, and brings the rest itself.

PYTHON ?= python3
CARGO ?= cargo
# Known here because the binaries are taken from there.
export CARGO_TARGET_DIR ?= $(CURDIR)/target
export PYTHONDONTWRITEBYTECODE = 1

LAB := $(CARGO_TARGET_DIR)/debug/mrp-lab
TRUST := $(CARGO_TARGET_DIR)/trust/mrp-trust
TRUST_PART := $(CARGO_TARGET_DIR)/debug/mrp-trust
MRP := $(CARGO_TARGET_DIR)/release/mrp
# Ansible copies its program to machines that nobody knows, so it is static: with musl, or with glibc where Rust's library for
# musl is not installed. glibc's needs files of the very same glibc to look up names.
MACHINE_TYPE := $(shell uname -m)
MUSL := $(MACHINE_TYPE)-unknown-linux-musl
STATIC_TARGET ?= $(if $(wildcard $(shell rustc --print target-libdir --target $(MUSL) 2>/dev/null)),$(MUSL),$(MACHINE_TYPE)-unknown-linux-gnu)
MODULES ?= $(CARGO_TARGET_DIR)/$(STATIC_TARGET)/release/mrp-ansible
# The paths of the folders in which it is built are not in a program: the same sources give the same bytes everywhere.
REMAP := --remap-path-prefix=$(or $(CARGO_HOME),$(HOME)/.cargo)/registry/src=crates --remap-path-prefix=$(CURDIR)=.
COLLECTION := $(CARGO_TARGET_DIR)/collection
VERSION := $(shell sed -n 's/^version = "\(.*\)"$$/\1/p' Cargo.toml | head -n 1)
TARBALL := $(COLLECTION)/mr_provisioner-lab-$(VERSION).tar.gz
# A module is what has documentation in library/. The inventory is none: it is a script that runs the program.
LINKS := $(patsubst library/%.yml,%,$(wildcard library/*.yml))
BENCH = $(PYTHON) tests/bench.py --lab "$(CARGO_TARGET_DIR)/release/mrp-lab" --library library \
	--dynamic "$(CARGO_TARGET_DIR)/release/mrp-ansible" --collection "$(TARBALL)"
CARGO_DENY_VERSION := 0.20.2
CARGO_DENY := .cache/cargo-deny-$(CARGO_DENY_VERSION)/bin/cargo-deny
CARGO_FUZZ_VERSION := 0.13.2
CARGO_FUZZ := .cache/cargo-fuzz-$(CARGO_FUZZ_VERSION)/bin/cargo-fuzz
FUZZ_SECONDS ?= 60
FUZZ_TARGETS ?= $(patsubst fuzz/fuzz_targets/%.rs,%,$(wildcard fuzz/fuzz_targets/*.rs))

.PHONY: help demo test test-quick test-trust test-trust-part trust-report test-ansible-lines install-modules collection lint-collection test-matrix docs bench bench-docs deny fuzz sbom reproduce fmt lint modules dynamic-modules mrp lab release-lab trust clean

help: ## Lists the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "%-20s %s\n", $$1, $$2 }' Makefile

demo: install-modules lab ## Provisions a machine of a simulated server from Ansible, twice
	@bin=$$($(PYTHON) tests/venvs.py newest) && \
	$(PYTHON) tests/demo.py --lab "$(LAB)" --ansible "$$bin"

test: install-modules collection lab ## Runs all tests, with the oldest and the newest ansible-core that this Python runs
	@bins=$$($(PYTHON) tests/venvs.py oldest newest) && \
	MRP_TEST_ANSIBLE="$$bins" MRP_TEST_COLLECTION="$(TARBALL)" $(CARGO) test --workspace --locked --no-fail-fast

# Without a release build and without Ansible, and the scenarios against one kind of server instead of four.
test-quick: ## Runs the tests to run while working: unit, wire, scenarios, protocol, tables; under 5 minutes on 2 quiet cores
	$(CARGO) test --locked --no-fail-fast -p mr-provisioner -p mrp-protocol --lib --test wire --test scenarios \
		--test protocol --test module_tables --test query --test client_inputs --test docs_cases -- --skip every_server

test-ansible-lines: install-modules collection lab ## Runs the tests with every ansible-core that a Python is found for
	@bins=$$($(PYTHON) tests/venvs.py all) && \
	MRP_TEST_ANSIBLE="$$bins" MRP_TEST_COLLECTION="$(TARBALL)" $(CARGO) test --workspace --locked --no-fail-fast

test-trust: install-modules trust ## Runs every module against all faults, signals and races; prints cases and violations
	"$(TRUST)" --program library/mrp-ansible

# A part is over sooner than an optimised build of its program.
test-trust-part: install-modules ## Runs the part of it that CI runs
	$(CARGO) build --locked -p mrp-trust
	"$(TRUST_PART)" --program library/mrp-ansible --part 60 --points 8 --rounds 1

trust-report: install-modules trust ## Runs all of it and writes docs/trust.md from its figures
	"$(TRUST)" --program library/mrp-ansible --report docs/trust.md

test-matrix: collection lab ## Tests the collection with every ansible-core that a Python is found for
	@bins=$$($(PYTHON) tests/venvs.py all) && \
	MRP_TEST_ANSIBLE="$$bins" MRP_TEST_COLLECTION="$(TARBALL)" $(CARGO) test --locked -p mr-provisioner --test collection
	$(PYTHON) tests/run_in_runner.py --lab "$(LAB)" --collection "$(TARBALL)"

# `ansible-doc -l` passes over names that begin with `__`, over links and over *.yml: the program, which it cannot read, has such a
# name, and an empty NAME.ini, which Ansible never runs, makes it list NAME with what NAME.yml says.
install-modules: modules ## Puts the release binary into library/ under the names of the modules
	@find library -maxdepth 1 '(' -type l ! -name mrp_inventory -o -name '*.ini' ')' -delete
	@cmp -s "$(MODULES)" library/__mrp-ansible || \
	{ cp "$(MODULES)" library/.mrp.new && mv -f library/.mrp.new library/__mrp-ansible; }
	@ln -sf __mrp-ansible library/mrp-ansible
	@for link in $(LINKS); do ln -sf mrp-ansible "library/$$link" && : >"library/$$link.ini" || exit 1; done

collection: modules ## Builds the Ansible collection; BINARIES=DIRECTORY adds programs for other machine types
	@bin=$$($(PYTHON) tests/venvs.py newest) && \
	$(PYTHON) collection/build.py --galaxy "$$bin/ansible-galaxy" --output "$(COLLECTION)" \
		$(if $(BINARIES),--binaries "$(BINARIES)") "$(MODULES)"

lint-collection: collection ## Checks the collection with ansible-lint, ansible-test and antsibull-docs
	$(PYTHON) tests/lint_collection.py "$(COLLECTION)/ansible_collections/mr_provisioner/lab"

docs: mrp ## Writes the modules' documentation, library/*.yml, from their option tables
	"$(MRP)" docs library

bench: install-modules collection release-lab dynamic-modules ## Prints what each work costs beside the least it can cost, and which goals are missed
	@bin=$$($(PYTHON) tests/venvs.py newest) && $(BENCH) --ansible "$$bin"

bench-docs: install-modules collection release-lab dynamic-modules ## Writes docs/benchmarks.md
	@bin=$$($(PYTHON) tests/venvs.py newest) && $(BENCH) --ansible "$$bin" --write docs/benchmarks.md

deny: $(CARGO_DENY) ## Checks licences, bans, sources and known vulnerabilities of the dependencies
	"$(CARGO_DENY)" --locked check licenses bans sources
	@"$(CARGO_DENY)" --locked fetch db || { \
	echo "make deny: the advisory database cannot be fetched, so the dependencies were NOT checked for known vulnerabilities." >&2; \
	echo "The rest was checked. deny.toml says where the database comes from, and how to name a copy of it." >&2; exit 1; }
	"$(CARGO_DENY)" --locked check advisories

fuzz: $(CARGO_FUZZ) ## Runs each fuzz target for FUZZ_SECONDS (60); FUZZ_TARGETS names some of them
	@for target in $(FUZZ_TARGETS); do \
	mkdir -p "$(CARGO_TARGET_DIR)/fuzz/corpus/$$target" && \
	PATH="$(dir $(abspath $(CARGO_FUZZ))):$$PATH" $(CARGO) fuzz run --sanitizer none --target-dir "$(CARGO_TARGET_DIR)/fuzz" "$$target" \
		"$(CARGO_TARGET_DIR)/fuzz/corpus/$$target" "fuzz/corpus/$$target" -- \
		-max_total_time=$(FUZZ_SECONDS) -timeout=10 -print_final_stats=1 || exit 1; done

sbom: ## Lists what is in the shipped programs, in CycloneDX, to target/sbom, and checks the lists
	@mkdir -p "$(CARGO_TARGET_DIR)/sbom"
	$(PYTHON) .ci/sbom mrp-ansible "$(STATIC_TARGET)" --no-default-features >"$(CARGO_TARGET_DIR)/sbom/mrp-ansible.cdx.json"
	$(PYTHON) .ci/sbom mrp "$(MACHINE_TYPE)-unknown-linux-gnu" >"$(CARGO_TARGET_DIR)/sbom/mrp.cdx.json"
	$(PYTHON) tests/check_sbom.py "$(CARGO_TARGET_DIR)"/sbom/*.cdx.json

reproduce: ## Builds the release programs of the last commit twice, in two folders, and compares their bytes
	.ci/reproduce

fmt: ## Formats the code
	$(CARGO) fmt --all

lint: ## Checks format, lints and documentation as CI does
	$(CARGO) fmt --all --check
	$(CARGO) clippy --workspace --all-targets --locked -- -D warnings
	$(CARGO) clippy -p mr-provisioner --lib --bin mrp-ansible --no-default-features --locked -- -D warnings
	RUSTDOCFLAGS="-D warnings" $(CARGO) doc -p mr-provisioner --lib --no-deps --no-default-features --locked
	RUSTDOCFLAGS="-D warnings" $(CARGO) doc -p mr-provisioner --lib --no-deps --locked

# -p: built together with the lab, the binaries would get the lab's features of their common dependencies.
# The C code of ring needs no library, so any C compiler will do for musl; some define _FORTIFY_SOURCE, which is glibc's.
modules:
	RUSTFLAGS="$(RUSTFLAGS) $(REMAP) -C target-feature=+crt-static" \
	CC_$(subst -,_,$(MUSL))="$$(command -v musl-gcc || echo cc)" CFLAGS_$(subst -,_,$(MUSL))="-U_FORTIFY_SOURCE" \
	$(CARGO) build --release --locked -p mr-provisioner --bin mrp-ansible --no-default-features --target $(STATIC_TARGET)

# As a user of cargo builds it, with the libraries of the machine. Nothing of this project ships it.
dynamic-modules:
	RUSTFLAGS="$(RUSTFLAGS) $(REMAP)" $(CARGO) build --release --locked -p mr-provisioner --bin mrp-ansible --no-default-features

mrp: ## Builds the command line, target/release/mrp
	RUSTFLAGS="$(RUSTFLAGS) $(REMAP)" $(CARGO) build --release --locked -p mr-provisioner --bin mrp

lab:
	$(CARGO) build --locked -p mrp-lab

# Of the lab's own speed a benchmark must not live: its debug build is slower than what it is asked by.
release-lab:
	$(CARGO) build --release --locked -p mrp-lab

trust:
	$(CARGO) build --profile trust --locked -p mrp-trust

# Their own target directories, which are gone afterwards: nothing of them is of use to anything else.
$(CARGO_DENY):
	$(CARGO) install --locked --root .cache/cargo-deny-$(CARGO_DENY_VERSION) --target-dir .cache/cargo-deny-target \
		cargo-deny@$(CARGO_DENY_VERSION)
	rm -rf .cache/cargo-deny-target

$(CARGO_FUZZ):
	$(CARGO) install --locked --root .cache/cargo-fuzz-$(CARGO_FUZZ_VERSION) --target-dir .cache/cargo-fuzz-target \
		cargo-fuzz@$(CARGO_FUZZ_VERSION)
	rm -rf .cache/cargo-fuzz-target

clean: ## Removes everything that was made
	$(CARGO) clean
	rm -rf .venv .cache tests/__pycache__
	find library -maxdepth 1 '(' -type l ! -name mrp_inventory -o -name '*.ini' ')' -delete
	rm -f library/mrp-ansible library/__mrp-ansible library/.mrp.new
