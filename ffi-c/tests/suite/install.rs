//! The library, installed as a user would, and programs that are built against it.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

/// Every warning is an error, in whichever language.
pub(crate) const STRICT: &[&str] = &["-Wall", "-Wextra", "-pedantic", "-Werror"];

/// The workspace's root.
pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the crate is in a workspace")
}

/// Runs a program to its end and answers its output.
///
/// # Panics
///
/// If it fails; with its output.
pub(crate) fn run(command: &mut Command) -> String {
    let output =
        command.output().unwrap_or_else(|error| panic!("{command:?} cannot be run: {error}"));
    let text = |bytes| String::from_utf8_lossy(bytes).into_owned();
    assert!(
        output.status.success(),
        "{command:?}: {}\n{}{}",
        output.status,
        text(&output.stdout),
        text(&output.stderr)
    );
    text(&output.stdout)
}

/// An installation of the library under a prefix of its own.
pub(crate) struct Installation {
    prefix: PathBuf,
}

impl Installation {
    /// The library as it is released.
    pub(crate) fn plain() -> &'static Self {
        static INSTALLATION: OnceLock<Installation> = OnceLock::new();
        INSTALLATION.get_or_init(|| Self::new("plain", false, Path::new("target")))
    }

    /// The library that panics on purpose. It is built in a folder of its own, so that it is
    /// never taken for the other.
    pub(crate) fn testing() -> &'static Self {
        static INSTALLATION: OnceLock<Installation> = OnceLock::new();
        INSTALLATION.get_or_init(|| Self::new("testing", true, Path::new("target/testing")))
    }

    fn new(name: &str, testing: bool, target: &Path) -> Self {
        let target = root().join(target);
        let prefix = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        let mut build = Command::new(env!("CARGO"));
        // What cargo tells a test of its package would make build scripts run again.
        for (name, _) in std::env::vars_os() {
            let text = name.to_string_lossy();
            if text.starts_with("CARGO_PKG_") || text.starts_with("CARGO_MANIFEST_") {
                build.env_remove(&name);
            }
        }
        run(build
            .current_dir(root())
            .args(["build", "--quiet", "--package", "frontegg-token-ffi", "--target-dir"])
            .arg(&target)
            .env("FRONTEGG_TESTING", if testing { "1" } else { "0" }));
        run(Command::new("make").arg("install").current_dir(env!("CARGO_MANIFEST_DIR")).args([
            format!("PREFIX={}", prefix.display()),
            format!("BUILT={}", target.join("debug").display()),
        ]));
        Self { prefix }
    }

    pub(crate) fn library(&self) -> PathBuf {
        self.prefix.join("lib/libfrontegg_token.so")
    }

    pub(crate) fn static_library(&self) -> PathBuf {
        self.prefix.join("lib/libfrontegg_token.a")
    }

    /// What pkg-config says of the library.
    pub(crate) fn pkg_config(&self, question: &[&str]) -> Vec<String> {
        let answer = run(Command::new("pkg-config")
            .env("PKG_CONFIG_PATH", self.prefix.join("lib/pkgconfig"))
            .args(question)
            .arg("frontegg-token"));
        answer.split_whitespace().map(str::to_owned).collect()
    }

    /// Builds a program from a source file, `.c` as C11 and `.cpp` as C++17, and links it
    /// with the shared library.
    pub(crate) fn build(&self, source: &Path, more: &[&str]) -> PathBuf {
        let libraries = self.pkg_config(&["--libs"]);
        let run_path = format!("-Wl,-rpath,{}", self.prefix.join("lib").display());
        self.link(source, "shared", libraries.iter().map(String::as_str).chain([&*run_path]), more)
    }

    /// The same with the static library.
    pub(crate) fn build_static(&self, source: &Path) -> PathBuf {
        let archive = self.static_library();
        // The private libraries alone: `-lfrontegg_token` would find the shared one.
        let system = self.pkg_config(&["--static", "--libs-only-l"]);
        let system = system.iter().map(String::as_str).filter(|name| *name != "-lfrontegg_token");
        let archive = archive.to_str().expect("the prefix is UTF-8");
        self.link(source, "static", std::iter::once(archive).chain(system), &[])
    }

    fn link<'a>(
        &self,
        source: &Path,
        kind: &str,
        libraries: impl Iterator<Item = &'a str>,
        more: &[&str],
    ) -> PathBuf {
        let (compiler, standard) = match source.extension().and_then(OsStr::to_str) {
            Some("c") => ("gcc", "-std=c11"),
            Some("cpp") => ("g++", "-std=c++17"),
            other => panic!("{other:?} is no source of C or C++"),
        };
        let folder = self.prefix.join("bin").join(kind);
        std::fs::create_dir_all(&folder).expect("the prefix is writable");
        // With its extension: the examples in C and C++ have one name but for that.
        let program = folder.join(source.file_name().expect("a source has a name"));
        // Tests that build the same program at once would overwrite it while it runs.
        assert!(!program.exists() || std::fs::remove_file(&program).is_ok());
        run(Command::new(compiler)
            .args([standard, "-g"])
            .args(STRICT)
            .args(self.pkg_config(&["--cflags"]))
            .arg(source)
            .arg("-o")
            .arg(&program)
            .args(libraries)
            .arg("-pthread")
            .args(more));
        program
    }
}
