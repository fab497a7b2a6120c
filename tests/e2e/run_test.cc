// `caisson run` through the real programs: one command in one cell.
#include "sandbox/base/error.hh"
#include "tests/support/paths.hh"
#include "tests/support/workspace.hh"

#include <csignal>
#include <fcntl.h>
#include <fstream>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <pty.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <thread>
#include <unistd.h>

namespace caisson::testing {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

class Run : public ::testing::Test {
protected:
    [[nodiscard]] Ran in_cell(std::vector<std::string> options,
                              const std::vector<std::string>& command) const
    {
        options.insert(options.begin(), "run");
        options.emplace_back("--");
        options.insert(options.end(), command.begin(), command.end());
        return work.caisson(options);
    }

    [[nodiscard]] Ran script(const std::string& line,
                             const std::vector<std::string>& options = {}) const
    {
        return in_cell(options, {"sh", "-c", line});
    }

    /// A root with busybox in it, owned by whoever runs the test.
    [[nodiscard]] fs::path make_root() const
    {
        fs::path root = work.path("root");
        for (const char* directory : {"bin", "etc", "tmp"})
            fs::create_directories(root / directory);
        fs::copy_file("/bin/busybox", root / "bin/busybox");
        for (const char* tool : {"sh", "cat", "ls", "touch", "rm", "echo", "env", "pwd", "id"})
            fs::create_symlink("busybox", root / "bin" / tool);
        std::ofstream(root / "etc/name") << "root of the host\n";
        return root;
    }

    [[nodiscard]] std::size_t trees() const
    {
        const auto entries = fs::directory_iterator(work.store() / "trees");
        return static_cast<std::size_t>(std::distance(begin(entries), end(entries)));
    }

    Workspace work;
};

TEST_F(Run, ExitsWithTheCommandsOwnCode)
{
    EXPECT_EQ(script("exit 0").exit, 0);
    EXPECT_EQ(script("exit 7").exit, 7);
    EXPECT_EQ(script("kill -TERM $$").exit, 128 + SIGTERM);
    EXPECT_EQ(in_cell({}, {"no-such-program"}).exit, 127);
    EXPECT_EQ(in_cell({}, {"/etc/passwd"}).exit, 126);
}

TEST_F(Run, HandsEveryArgumentOverAsItStands)
{
    const Ran ran = in_cell({}, {"printf", "<%s>", "--json", "[a,b]", "{x}", "--", "--help"});

    EXPECT_EQ(ran.out, "<--json><[a,b]><{x}><--><--help>");
}

TEST_F(Run, EndsACommandAtALimitWithOneAndNamesIt)
{
    const Ran slow = in_cell({"--timeout", "200ms"}, {"sleep", "30"});
    EXPECT_EQ(slow.exit, 1);
    EXPECT_THAT(slow.err, HasSubstr("limits.step_seconds"));

    const Ran loud = in_cell({}, {"yes"});
    EXPECT_EQ(loud.exit, 1);
    EXPECT_EQ(loud.out.size(), 64U << 20U);
    EXPECT_THAT(loud.err, HasSubstr("limits.output_bytes"));
}

TEST_F(Run, CopiesBothOutputsByteForByte)
{
    const Ran ran = script("printf 'a\\033[2J\\000b'; printf 'c\\007' >&2");

    EXPECT_EQ(ran.out, std::string("a\033[2J\0b", 7));
    EXPECT_EQ(ran.err, "c\007");
}

TEST_F(Run, ShowsTheHostsProgramsReadOnlyAndNothingElse)
{
    const Ran ran = script("touch /usr/bin/made; ls /home; ls " + work.path().native());

    EXPECT_THAT(ran.err, HasSubstr("'/usr/bin/made': "));
    EXPECT_THAT(ran.err, HasSubstr("cannot access '" + work.path().native() + "'"));
    EXPECT_EQ(ran.out, "");
}

TEST_F(Run, ThrowsAwayWhatTheCommandChanged)
{
    ASSERT_EQ(script("true").exit, 0); // the tree of the root is kept
    const std::size_t before = trees();

    EXPECT_EQ(script("echo made >/made; mkdir -p /var/tmp/a/b; cat /made").out, "made\n");

    EXPECT_EQ(trees(), before);
    EXPECT_NE(script("test -e /made").exit, 0);
    EXPECT_TRUE(processes_of(work).empty());
}

// --- streams ---

/// A file in memory that holds `bytes`, at its start.
UniqueFd memory_of(std::string_view bytes)
{
    return make_sealed_memfd("input", bytes);
}

std::string read_back(int file)
{
    ::lseek(file, 0, SEEK_SET);
    return read_all(file, 64U << 20U, "output");
}

struct Piped {
    int exit = 0;
    std::string out;
};

Piped with_input(const Workspace& work,
                 const std::string& input,
                 const std::vector<std::string>& arguments)
{
    const UniqueFd file = memory_of(input);
    const UniqueFd out(::memfd_create("out", MFD_CLOEXEC));
    Program program = Program::start({.path = checkout::bin() / "caisson",
                                      .arguments = arguments,
                                      .environment = work.environment(),
                                      .standard_input = file.get(),
                                      .standard_output = out.get()});
    const int exit = program.wait();
    return {exit, read_back(out.get())};
}

TEST_F(Run, CopiesItsInputToTheCommand)
{
    std::string input;
    while (input.size() < 3U << 20U)
        input += "line " + std::to_string(input.size()) + "\n";

    EXPECT_EQ(with_input(work, input, {"run", "--", "cat"}).out, input);
    EXPECT_EQ(with_input(work, "x", {"run", "--", "readlink", "/proc/self/fd/0"}).out.substr(0, 5),
              "pipe:");
}

TEST_F(Run, MayLeaveItsInputUnread)
{
    const std::string input(3U << 20U, 'x');

    EXPECT_EQ(with_input(work, input, {"run", "--", "echo", "done"}).out, "done\n");
    EXPECT_EQ(
        with_input(work, input, {"run", "--", "sh", "-c", "exec <&-; sleep 0.1; exit 3"}).exit, 3);
}

TEST_F(Run, EndsWhenItsReaderGoesAway)
{
    auto [read_end, write_end] = make_pipe();
    Program program =
        work.start({"run", "--", "sh", "-c", "yes; echo status $? >&2"}, write_end.get());
    write_end.reset();
    std::string first(2, '\0');
    ASSERT_EQ(::read(read_end.get(), first.data(), first.size()), 2);
    read_end.reset();

    EXPECT_EQ(program.wait(), 0); // of the echo: yes died of a pipe that nobody reads
}

/// Runs `arguments` of a program on a terminal of its own; returns what reaches the terminal.
Piped on_a_terminal(const Workspace& work,
                    const fs::path& program,
                    const std::vector<std::string>& arguments)
{
    int master = -1;
    int terminal = -1;
    if (::openpty(&master, &terminal, nullptr, nullptr, nullptr) != 0)
        throw SysError(errno, "openpty");
    const UniqueFd ours(master);
    UniqueFd theirs(terminal);
    Program running = Program::start({.path = program,
                                      .arguments = arguments,
                                      .environment = work.environment(),
                                      .standard_input = theirs.get(),
                                      .standard_output = theirs.get(),
                                      .standard_error = theirs.get()});
    std::string shown;
    std::thread reader([&] {
        char part[4096];
        for (ssize_t got = 0; (got = ::read(ours.get(), part, sizeof part)) > 0;)
            shown.append(part, static_cast<std::size_t>(got));
    });
    const int exit = running.wait();
    theirs.reset(); // the last end: the reader's next read fails with EIO
    reader.join();
    return {exit, shown};
}

TEST_F(Run, NeverHoldsTheCallersTerminal)
{
    const std::string ask = "test -t 0 || test -t 1 || test -t 2 || : </dev/tty";
    // the attack's first step outside: the shell holds the terminal
    ASSERT_EQ(on_a_terminal(work, "/bin/sh", {"-c", ask}).exit, 0);

    EXPECT_NE(on_a_terminal(work, checkout::bin() / "caisson", {"run", "--", "sh", "-c", ask}).exit,
              0);
}

TEST_F(Run, PutsNothingOnATerminalThatItWouldObey)
{
    const std::vector<std::string> title = {"-c",
                                            "printf '\\033]0;owned\\007'; printf 'no newline'"};
    ASSERT_THAT(on_a_terminal(work, "/bin/sh", title).out, HasSubstr("\033]0;owned"));

    const Piped shown =
        on_a_terminal(work, checkout::bin() / "caisson", {"run", "--", "sh", title[0], title[1]});

    EXPECT_THAT(shown.out, AllOf(HasSubstr("\\u{1b}]0;owned"), HasSubstr("no newline")));
    EXPECT_THAT(shown.out, Not(HasSubstr("\033")));
}

// --- roots ---

TEST_F(Run, TakesADirectoryAsItsRootAndLeavesItAlone)
{
    const fs::path root = make_root();

    const Ran ran = script("cat /etc/name; echo new >/tmp/new && cat /tmp/new; rm /bin/touch; ls /",
                           {"--rootfs", root.native()});

    EXPECT_EQ(ran.out, "root of the host\nnew\nbin\ndev\netc\nproc\ntmp\n") << ran.err;
    EXPECT_TRUE(fs::is_empty(root / "tmp"));
    EXPECT_TRUE(fs::is_symlink(root / "bin/touch"));
    EXPECT_FALSE(fs::exists(root / "dev"));
}

TEST_F(Run, TakesAnImageWithItsEnvironmentDirectoryAndUser)
{
    work.add_busybox();
    const std::string dockerfile =
        Workspace::busybox_root() +
        "RUN echo app:x:70:70::/app:/bin/sh > /etc/passwd || (mkdir /etc && echo "
        "app:x:70:70::/app:/bin/sh > /etc/passwd)\nENV A=of-the-image B=of-the-image\nWORKDIR "
        "/app\n"
        "USER app\n";
    const std::string layout = work.path("layout").native();
    ASSERT_EQ(
        work.build(dockerfile, {"-t", "tools:1", "-o", "type=oci,tar=false,dest=" + layout}).exit,
        0);
    ASSERT_EQ(work.build(dockerfile, {"-t", "tools:1"}).exit, 0);
    const std::string look = "echo $A $B; pwd; id -u";

    EXPECT_EQ(script(look, {"--image", "tools:1"}).out, "of-the-image of-the-image\n/app\n70\n");
    EXPECT_EQ(script(look, {"--image", layout}).out, "of-the-image of-the-image\n/app\n70\n");
    EXPECT_EQ(script(look, {"--image", "oci-layout://" + layout + ":1"}).out,
              "of-the-image of-the-image\n/app\n70\n");
    EXPECT_EQ(
        script(look, {"--image", "tools:1", "--env", "B=mine", "--workdir", "/", "--user", "0"})
            .out,
        "of-the-image mine\n/\n0\n");
}

TEST_F(Run, BindsReadOnlyUnlessToldOtherwise)
{
    fs::create_directory(work.path("shown"));
    std::ofstream(work.path("shown/file")) << "of the host\n";
    fs::permissions(work.path("shown"), fs::perms::all);
    const std::string shown = work.path("shown").native();

    EXPECT_EQ(script("cat /a/file", {"--bind", shown + ":/a"}).out, "of the host\n");
    EXPECT_NE(script("touch /a/made", {"--bind", shown + ":/a"}).exit, 0);
    EXPECT_FALSE(fs::exists(work.path("shown/made")));
    EXPECT_EQ(script("touch /a/made", {"--bind", shown + ":/a:rw"}).exit, 0);
    EXPECT_TRUE(fs::exists(work.path("shown/made")));
    fs::remove(work.path("shown/made"));
}

TEST_F(Run, BuildsItsEnvironment)
{
    const Ran ran = in_cell({"--env", "A=1", "--env", "HOME", "--env", "NOT_SET_HERE"}, {"env"});

    EXPECT_EQ(ran.out,
              "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin\nA=1\nHOME=" +
                  work.path("home").native() + "\n");
}

// --- what is told ---

TEST_F(Run, TellsHowItEndedAsOneObject)
{
    const Ran ran = in_cell({"--json"}, {"sh", "-c", "echo printed; exit 3"});

    const nlohmann::json object = nlohmann::json::parse(ran.out);
    EXPECT_EQ(ran.exit, 3);
    EXPECT_EQ(ran.err, "printed\n");
    EXPECT_EQ(object.at("verdict"), "exited");
    EXPECT_EQ(object.at("code"), 3);
    EXPECT_EQ(object.at("exit"), 3);
    EXPECT_EQ(object.at("policy").at("name"), "default");
    EXPECT_EQ(object.at("root").at("kind"), "host-programs");
    EXPECT_THAT(object.at("seccomp"), ::testing::StartsWith("sha256:"));
    EXPECT_TRUE(object.at("degraded").is_array());
    EXPECT_THAT(object.at("limitsHeldBy").at("memory_bytes"),
                ::testing::AnyOf("cgroup-v1", "cgroup-v2", "watcher"));
    EXPECT_GE(object.at("wallSeconds"), 0);

    const Ran limited = in_cell({"--json", "--timeout", "1s"}, {"sleep", "30"});
    EXPECT_EQ(limited.exit, 1);
    EXPECT_EQ(nlohmann::json::parse(limited.out).at("limit"),
              nlohmann::json({{"name", "step_seconds"}, {"allowed", 1}}));
    const Ran killed = in_cell({"--json"}, {"sh", "-c", "kill -KILL $$"});
    EXPECT_EQ(nlohmann::json::parse(killed.out).at("signal"), SIGKILL);
}

TEST_F(Run, NamesWhoseOwnersItCouldNotShow)
{
    const fs::path root = make_root();

    const Ran ran = in_cell({"--json", "--rootfs", root.native()}, {"ls", "-ln", "/etc/name"});

    const std::string degraded = nlohmann::json::parse(ran.out).at("degraded").dump();
    const bool shown = degraded.find("owners") == std::string::npos;
    EXPECT_THAT(ran.err, HasSubstr(shown ? " 0 " : " 65534 "));
    EXPECT_FALSE(shown && ::geteuid() != 0); // a user may not map them
}

TEST_F(Run, TellsAsJsonThatNoCellCameToBe)
{
    const Ran ran = in_cell({"--json", "--rootfs", "/no/such/root"}, {"true"});

    EXPECT_EQ(ran.exit, 125);
    EXPECT_EQ(nlohmann::json::parse(ran.out).at("verdict"), "no-cell");
    EXPECT_THAT(ran.err, HasSubstr("/no/such/root"));
}

TEST_F(Run, LeavesNothingAfterCtrlC)
{
    auto [read_end, write_end] = make_pipe();
    Program program = work.start(
        {"run", "--", "sh", "-c", "setsid sleep 300 & echo started; sleep 300"}, write_end.get());
    write_end.reset();
    std::string word(8, '\0');
    ASSERT_EQ(::read(read_end.get(), word.data(), word.size()), 8);

    ::kill(program.pid(), SIGINT);

    EXPECT_EQ(program.wait(), 130);
    EXPECT_TRUE(processes_of(work).empty());
}

TEST_F(Run, WantsACommand)
{
    EXPECT_EQ(work.caisson({"run"}).exit, 2);
    EXPECT_THAT(work.caisson({"run", "--"}).err, HasSubstr("no command"));
}

} // namespace
} // namespace caisson::testing
