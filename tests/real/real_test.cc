// Builds as people have them, on a Debian system with its usual tools: does real software still get
// built behind all walls? What it needs was fetched before; steps have no network.
#include "sandbox/base/file.hh"
#include "tests/support/paths.hh"
#include "tests/support/require.hh"
#include "tests/support/workspace.hh"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

namespace caisson::testing {
namespace {

using ::testing::HasSubstr;

/// Every test's image starts FROM debian:12, which the first of them puts into a store that all
/// share: unpacking a gigabyte once is enough.
class Real : public ::testing::Test {
protected:
    void SetUp() override
    {
        CAISSON_REQUIRE(std::filesystem::exists(checkout::real() / "installed"),
                        "run tests/support/make_debian_root with the build directory, as root");
        work.use_store(checkout::real() / ("store-" + std::to_string(::geteuid())));
        if (work.caisson({"image", "inspect", "debian:12"}).exit == 0) return;
        const Ran built = work.caisson({"build", "-t", "debian:12", checkout::real() / "context"});
        ASSERT_EQ(built.exit, 0) << built.err;
    }

    /// Runs `script` as a step of its own and expects it to succeed and to print `said` at its end.
    void expect_build(const std::string& script, const std::string& said)
    {
        const Ran built = work.build("FROM debian:12\n" + before_ + "RUN <<'END'\nset -eux\n" +
                                         script + "\nEND\n",
                                     {"--no-cache", "--progress", "plain"});
        EXPECT_EQ(built.exit, 0) << built.err;
        EXPECT_THAT(built.err, HasSubstr(said));
    }

    void copy(const std::string& name, const std::string& destination)
    {
        before_ += "COPY " + name + " " + destination + "\n";
    }

    Workspace work;

private:
    std::string before_;
};

TEST_F(Real, AptInstallsACompilerFromALocalRepository)
{
    for (const auto& package : std::filesystem::directory_iterator(checkout::real() / "repo"))
        work.write("repo/" + package.path().filename().native(),
                   read_file(package.path(), 1U << 28));
    copy("repo", "/repo");

    expect_build("cd /repo && dpkg-scanpackages . >Packages\n"
                 "rm -rf /etc/apt/sources.list*\n"
                 "echo 'deb [trusted=yes] file:///repo ./' >/etc/apt/sources.list\n"
                 "apt-get update\n"
                 "DEBIAN_FRONTEND=noninteractive apt-get install -y tcc\n"
                 "cd /tmp\n"
                 "echo '#include <stdio.h>\nint main(void) { puts(\"by \" \"tcc\"); }' >a.c\n"
                 "tcc -run a.c",
                 "by tcc");
}

TEST_F(Real, CmakeAndNinjaBuildAndTestAProject)
{
    work.write("app/CMakeLists.txt",
               "cmake_minimum_required(VERSION 3.20)\nproject(app CXX)\nenable_testing()\n"
               "find_package(Threads REQUIRED)\nadd_library(part SHARED part.cc)\n"
               "add_executable(app main.cc)\ntarget_link_libraries(app part Threads::Threads)\n"
               "add_test(NAME runs COMMAND app)\n");
    work.write("app/part.cc", "int part() { return 42; }\n");
    work.write("app/main.cc",
               "#include <thread>\n#include <regex>\nint part();\n"
               "int main() { int got = 0; std::thread t([&] { got = part(); }); t.join();\n"
               "return std::regex_match(std::to_string(got), std::regex(\"4.\")) ? 0 : 1; }\n");
    copy("app", "/app");

    expect_build("cmake -S /app -B /build -G Ninja -DCMAKE_BUILD_TYPE=Release\n"
                 "ninja -C /build\nctest --test-dir /build --output-on-failure\n"
                 "cmake --install /build || true",
                 "100% tests passed");
}

TEST_F(Real, NpmInstallsAndRuns)
{
    work.write("dep/package.json", R"({"name": "dep", "version": "1.0.0", "main": "index.js"})");
    work.write("dep/index.js", "module.exports = () => 'from ' + 'dep';\n");
    work.write("app/package.json",
               R"({"name": "app", "version": "1.0.0", "scripts": {"test": "node test.js"}})");
    work.write("app/test.js",
               "const { Worker } = require('worker_threads');\n"
               "require('child_process').execSync('true');\n"
               "new Worker(\"require('worker_threads').parentPort.postMessage(1)\", {eval: true})\n"
               "  .on('message', () => console.log(require('dep')()));\n");
    copy("dep", "/dep");
    copy("app", "/app");

    expect_build(
        "cd /dep && npm pack\ncd /app\nnpm install --offline --no-audit ../dep/dep-1.0.0.tgz\n"
        "npm test",
        "from dep");
}

TEST_F(Real, PipBuildsAWheelAndInstallsIt)
{
    work.write("app/setup.py",
               "from setuptools import Extension, setup\n"
               "setup(name='app', version='1', py_modules=['app'], "
               "ext_modules=[Extension('native', ['native.c'])])\n");
    work.write("app/app.py",
               "import native, multiprocessing\n"
               "if __name__ == '__main__':\n"
               "    with multiprocessing.Pool(2) as pool:\n"
               "        print('sum', sum(pool.map(abs, [-1, -2])), native.__name__)\n");
    work.write(
        "app/native.c",
        "#include <Python.h>\nstatic struct PyModuleDef m = {PyModuleDef_HEAD_INIT, \"native\"};\n"
        "PyMODINIT_FUNC PyInit_native(void) { return PyModule_Create(&m); }\n");
    copy("app", "/app");

    expect_build("python3 -m venv /venv\n. /venv/bin/activate\n"
                 "pip install --no-index --no-build-isolation --no-use-pep517 /app || pip install "
                 "--no-index "
                 "--no-build-isolation /app\npython -m app",
                 "sum 3 native");
}

TEST_F(Real, CargoBuildsAndTestsAWorkspace)
{
    work.write("app/Cargo.toml", "[workspace]\nmembers = [\"dep\", \"main\"]\n");
    work.write("app/dep/Cargo.toml",
               "[package]\nname = \"dep\"\nversion = \"0.1.0\"\nedition = \"2021\"\n");
    work.write("app/dep/src/lib.rs",
               "pub fn two() -> u32 { std::thread::spawn(|| 2).join().unwrap() }\n"
               "#[test]\nfn is_two() { assert_eq!(two(), 2); }\n");
    work.write("app/main/Cargo.toml",
               "[package]\nname = \"main\"\nversion = \"0.1.0\"\nedition = \"2021\"\n"
               "[dependencies]\ndep = { path = \"../dep\" }\n");
    work.write("app/main/src/main.rs", "fn main() { println!(\"rust says {}\", dep::two()); }\n");
    copy("app", "/app");

    expect_build("cd /app && cargo test --offline && cargo run --offline --release", "rust says 2");
}

TEST_F(Real, GoBuildsAndTests)
{
    work.write("app/go.mod", "module example.org/app\n\ngo 1.19\n");
    work.write(
        "app/main.go",
        "package main\nimport (\"fmt\"; \"net/http\"; \"net/http/httptest\"; \"io\")\n"
        "func main() {\n"
        " s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { "
        "fmt.Fprint(w, \"loopback\") }))\n"
        " r, err := http.Get(s.URL); if err != nil { panic(err) }\n"
        " b, _ := io.ReadAll(r.Body); fmt.Println(\"go over\", string(b)) }\n");
    work.write("app/main_test.go",
               "package main\nimport \"testing\"\nfunc TestIt(t *testing.T) { main() }\n");
    copy("app", "/app");

    expect_build("cd /app && go vet ./... && go test ./... && go build -o /app.bin . && /app.bin",
                 "go over loopback");
}

TEST_F(Real, AJvmCompilesAndRuns)
{
    work.write("Main.java",
               "import java.util.stream.*;\npublic class Main { public static void main(String[] "
               "a) throws Exception {\n"
               " int sum = IntStream.rangeClosed(1, 1000).parallel().sum();\n"
               " Process p = new ProcessBuilder(\"true\").start();\n"
               " System.out.println(\"java \" + sum + \" \" + p.waitFor()); } }\n");
    copy("Main.java", "/src/");

    expect_build("cd /src && javac Main.java && jar cfe app.jar Main *.class && java -jar app.jar",
                 "java 500500 0");
}

TEST_F(Real, SuAndRunuserBecomeAnotherUser)
{
    expect_build("useradd --create-home app\nsu app -c 'touch ~/mine && id -un'\n"
                 "runuser -u app -- sh -c 'echo as $(id -un) in $(ls ~)'\n"
                 "groupadd staff2 && usermod -aG staff2 app && passwd -l app",
                 "as app in mine");
}

TEST_F(Real, ChrootRunsAProgramOfAnotherRoot)
{
    expect_build(
        "mkdir -p /jail\necho '#include <stdio.h>\n#include <unistd.h>\n"
        "int main(void) { puts(access(\"/etc\", 0) ? \"in the jail\" : \"outside\"); }' >/tmp/a.c\n"
        "gcc -static -o /jail/a /tmp/a.c\nchroot /jail /a",
        "in the jail");
}

/// Autotools' configure scripts try much that a build never uses: pipes to themselves, signals,
/// terminals, mmap of odd kinds. tar and xattr round trips are what packagers do.
TEST_F(Real, PackagesAreBuiltWithDpkg)
{
    work.write("pkg/debian/control",
               "Source: pkg\nMaintainer: nobody <nobody@example.org>\nStandards-Version: 4.6.2\n\n"
               "Package: pkg\nArchitecture: any\nDescription: a package\n of nothing\n");
    work.write("pkg/debian/changelog",
               "pkg (1) unstable; urgency=low\n\n  * first\n\n -- nobody <nobody@example.org>  "
               "Thu, 01 Jan 2026 "
               "00:00:00 +0000\n");
    work.write(
        "pkg/debian/rules",
        "#!/usr/bin/make -f\nclean build:\n\ttrue\nbinary: build\n\tmkdir -p debian/tmp/DEBIAN "
        "debian/tmp/usr/bin\n"
        "\tinstall -m 4755 /bin/true debian/tmp/usr/bin/pkg\n\tdpkg-gencontrol -ppkg -Pdebian/tmp\n"
        "\tdpkg-deb --build debian/tmp ..\n",
        0755);
    copy("pkg", "/pkg/src");

    expect_build("cd /pkg/src && dpkg-buildpackage -b -us -uc -d && dpkg -i ../pkg_1_*.deb && "
                 "stat -c 'mode %a' /usr/bin/pkg",
                 "mode 4755");
}

/// The second stage of debootstrap stops here: see docs/steps.md.
TEST_F(Real, NoDeviceNodeIsMade)
{
    const Ran built = work.build("FROM debian:12\nRUN mknod /x c 1 3\n", {"--no-cache"});

    EXPECT_EQ(built.exit, 1);
    EXPECT_THAT(built.err, HasSubstr("mknod: /x: Operation not permitted"));
}

} // namespace
} // namespace caisson::testing
