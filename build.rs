//! Links the release binaries smaller, where the tool chain can: what the linker is told here reaches every way of building.
//!
//! A release build has panic = "abort", so nothing unwinds and nobody reads the tables for it, 400 kB of 3 MB. Functions with
//! the same instructions are kept once. Both need the linker that comes with rustc: a tool chain without it links as it
//! always does, and the program is larger.

use std::env;
use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// What the linker leaves out. As the rules stand behind those for another section, its own rules hold for all others.
const LEFT_OUT: &str = "\
SECTIONS {
  /DISCARD/ : { *(.eh_frame) *(.eh_frame_hdr) *(.gcc_except_table .gcc_except_table.*) }
} INSERT AFTER .rodata;
";

/// The functions of the library that unwinds, as the standard library calls them.
const UNWINDER: &str = "\
Backtrace DeleteException FindEnclosingFunction GetCFA GetDataRelBase GetIP GetIPInfo GetLanguageSpecificData GetRegionStart
GetTextRelBase RaiseException Resume SetGR SetIP";

/// An empty program, to try the options with.
const PROBE: &str = "probe";

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo:rerun-if-changed=build.rs");
    // The tables of a debug build are read: its tests unwind, and its panics have backtraces.
    if env::var("PROFILE")? != "release" {
        return Ok(());
    }
    let out = PathBuf::from(env::var("OUT_DIR")?);
    let script = out.join("left_out.ld");
    fs::write(&script, LEFT_OUT)?;
    let mut options = vec![
        format!("-B{}", folder_of_linker()?.display()),
        "-fuse-ld=lld".to_owned(),
        "-Wl,--icf=all".to_owned(),
        format!("-Wl,-T,{}", script.display()),
    ];
    // Without the tables nothing can call the library that reads them, 75 kB where it is linked statically. A panic prints its
    // message before the standard library would ask for a backtrace.
    let unwinder = UNWINDER.split_whitespace();
    let unwinder = unwinder.map(|name| format!("-Wl,--defsym=_Unwind_{name}=abort"));
    let mut further = vec![unwinder.collect()];
    // Relocations in 2 kB instead of 120. A static program relocates itself, with musl since 1.2.4, which a run shows. With
    // glibc it is the host's loader that would have to know them, and those before 2.36 do not.
    if env::var("CARGO_CFG_TARGET_ENV")? == "musl" {
        further.push(vec!["-Wl,-z,pack-relative-relocs".to_owned()]);
    }
    for further in further {
        let more = [&*options, &*further].concat();
        let runs = || Command::new(out.join(PROBE)).status();
        if can_link(&more, &out)? && runs().is_ok_and(|end| end.success()) {
            options = more;
        }
    }
    if can_link(&options, &out)? {
        for option in options {
            println!("cargo:rustc-link-arg-bins={option}");
        }
    }
    Ok(())
}

/// Where rustc has its own linker, under the name by which a C compiler calls it.
fn folder_of_linker() -> Result<PathBuf, Box<dyn Error>> {
    let output = rustc()?.args(["--print", "sysroot"]).output()?;
    let sysroot = String::from_utf8(output.stdout)?;
    let host = Path::new("lib/rustlib").join(env::var("HOST")?);
    Ok(Path::new(sysroot.trim()).join(host).join("bin/gcc-ld"))
}

/// Whether an empty program can be linked so, by the compiler and with the flags of this build.
fn can_link(options: &[String], out: &Path) -> Result<bool, Box<dyn Error>> {
    let source = out.join("probe.rs");
    fs::write(&source, "fn main() {}\n")?;
    let mut compiler = rustc()?;
    compiler.args(["--target", &env::var("TARGET")?, "-C", "panic=abort"]);
    if let Ok(linker) = env::var("RUSTC_LINKER") {
        compiler.args(["-C", &format!("linker={linker}")]);
    }
    let flags = env::var("CARGO_ENCODED_RUSTFLAGS").unwrap_or_default();
    compiler.args(flags.split('\x1f').filter(|flag| !flag.is_empty()));
    for option in options {
        compiler.args(["-C", &format!("link-arg={option}")]);
    }
    compiler.arg(source).arg("-o").arg(out.join(PROBE));
    compiler.stdout(Stdio::null()).stderr(Stdio::null());
    Ok(compiler.status()?.success())
}

fn rustc() -> Result<Command, env::VarError> {
    Ok(Command::new(env::var("RUSTC")?))
}
