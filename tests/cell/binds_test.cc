// What a cell is shown of the host, and what it is not.
#include "sandbox/base/error.hh"
#include "sandbox/base/scope_exit.hh"
#include "tests/cell/cell_fixture.hh"
#include "tests/support/paths.hh"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

namespace caisson::sandbox::testing {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

/// A directory of the caller that nobody else may enter, and a chamber that is shown parts of it.
class Binds : public CellTest {
protected:
    void SetUp() override
    {
        CellTest::SetUp();
        if (IsSkipped() || HasFatalFailure()) return;
        fs::permissions(home(), fs::perms::owner_all);
        write("files/open", "open\n", 0644);
        write("files/closed", "closed\n", 0600);
        write("beside", "beside\n", 0644);
    }

    [[nodiscard]] fs::path home() const { return home_.path(); }

    void write(const std::string& name, const std::string& content, unsigned mode) const
    {
        fs::create_directories((home() / name).parent_path());
        write_file_atomically(home() / name, content, mode);
    }

    /// Has the next plans see `name` of the home directory at `destination`.
    void show(const std::string& name, const std::string& destination, bool writable = false)
    {
        opened_.push_back(open_file(home() / name, O_PATH | O_NOFOLLOW));
        host_paths_.push_back({.path = opened_.back().get(),
                               .name = name,
                               .writable = writable,
                               .layer = destination == "/"});
        binds_.push_back({.host_path = static_cast<unsigned>(binds_.size()),
                          .source = name,
                          .destination = destination,
                          .writable = writable});
    }

    void start()
    {
        trees_ = open_file(store() / "trees", O_RDONLY | O_DIRECTORY);
        own_ = Chamber::start({.program = checkout::bin() / "caisson-chamber",
                               .trees = trees_.get(),
                               .ids = SubordinateIds::of_invoker(),
                               .host_paths = host_paths_});
    }

    Ended run_bound(const Plan& wanted)
    {
        if (!own_) start();
        Plan plan = wanted;
        plan.binds = binds_;
        PipeReaders readers;
        Chamber::Running running = own_->run(plan, filter(), readers.pipes());
        Ended ended;
        ended.outcome = running.outcome.get();
        readers.finish(ended);
        return ended;
    }

    std::string output_of(const std::string& line)
    {
        const Ended ended = run_bound(script(line));
        return ended.output + ended.errors;
    }

    void expect_refusal(const Plan& plan, ErrorKind kind, const std::string& says)
    {
        try {
            (void)run_bound(plan);
            FAIL() << "nothing was thrown";
        } catch (const Error& error) {
            EXPECT_EQ(error.kind(), kind) << error.what();
            EXPECT_THAT(error.what(), HasSubstr(says));
        }
    }

    /// A root that busybox can run in, below the home directory.
    void make_root(const std::string& name) const
    {
        for (const char* directory : {"bin", "etc", "root", "tmp", "var/tmp", "var/lib"})
            fs::create_directories(home() / name / directory);
        fs::copy_file("/bin/busybox", home() / name / "bin/busybox");
        for (const char* tool : {"sh", "cat", "ls", "touch", "rm", "stat", "echo"})
            fs::create_symlink("busybox", home() / name / "bin" / tool);
        write(name + "/etc/name", "of the host\n", 0644);
        fs::permissions(home() / name / "root", fs::perms::owner_all);
        fs::permissions(home() / name / "tmp", fs::perms::all | fs::perms::sticky_bit);
    }

    Chamber& own() { return *own_; }

    /// As if nothing had been shown yet.
    void forget()
    {
        own_.reset();
        opened_.clear();
        host_paths_.clear();
        binds_.clear();
    }

private:
    TempDirectory home_{fs::temp_directory_path(), "caisson-home-"};
    std::vector<UniqueFd> opened_;
    std::vector<HostPath> host_paths_;
    std::vector<Bind> binds_;
    UniqueFd trees_;
    std::unique_ptr<Chamber> own_;
};

TEST_F(Binds, ShowADirectoryOfAClosedOneAndNothingBesideIt)
{
    show("files", "/files");

    EXPECT_EQ(output_of("cat /files/open"), "open\n");
    EXPECT_EQ(output_of("ls /files/.."), output_of("ls /"));
    EXPECT_THAT(output_of("cat /files/../beside"), HasSubstr("No such file"));
}

TEST_F(Binds, ShowAFile)
{
    fs::permissions(home() / "files/open", static_cast<fs::perms>(0666));
    show("files/open", "/etc/of-the-host");

    EXPECT_EQ(output_of("cat /etc/of-the-host"), "open\n");
    EXPECT_THAT(output_of("echo more >>/etc/of-the-host"), HasSubstr("Read-only file system"));
}

TEST_F(Binds, AreReadOnlyWithoutSetIdAndDevices)
{
    fs::permissions(home() / "files", fs::perms::all);
    show("files", "/files");

    EXPECT_THAT(output_of("touch /files/made"), HasSubstr("Read-only file system"));
    EXPECT_THAT(output_of("grep ' /files ' /proc/self/mountinfo"),
                HasSubstr(" /files ro,nosuid,nodev"));
    EXPECT_FALSE(fs::exists(home() / "files/made"));
}

TEST_F(Binds, AreWritableWhereThePlanSaysSoButNeverForTheCallersIds)
{
    fs::create_directory(home() / "out");
    fs::permissions(home() / "out", fs::perms::all);
    show("out", "/out", true);

    EXPECT_EQ(output_of("touch /out/made && chmod 4755 /out/made"), "");

    // set-id, but of an id that is nobody on the host
    struct stat made = {};
    ASSERT_EQ(::lstat((home() / "out/made").c_str(), &made), 0);
    EXPECT_EQ(made.st_uid, SubordinateIds::of_invoker().users.first);
    EXPECT_FALSE(own().shows_owners(0));
    EXPECT_THAT(output_of("grep ' /out ' /proc/self/mountinfo"),
                HasSubstr(" /out rw,nosuid,nodev"));
}

TEST_F(Binds, ShowOwnersWhereTheCallerMayMapThem)
{
    show("files", "/files");
    start();
    const bool shown = own().shows_owners(0);

    EXPECT_EQ(output_of("stat -c %u /files/closed"), shown ? "0\n" : "65534\n");
    EXPECT_EQ(output_of("cat /files/closed"),
              shown ? "closed\n" : "cat: can't open '/files/closed': Permission denied\n");
    EXPECT_FALSE(shown && ::geteuid() != 0);
}

TEST_F(Binds, MakeAMissingDestinationInTheTreeOnly)
{
    fs::create_directory(home() / "out");
    fs::permissions(home() / "out", fs::perms::all);
    show("files", "/not/there/yet");
    show("files/open", "/not/there/either");

    EXPECT_EQ(output_of("cat /not/there/yet/open /not/there/either"), "open\nopen\n");
}

TEST_F(Binds, MakeNothingInWhatIsBoundAlready)
{
    fs::create_directory(home() / "out");
    fs::permissions(home() / "out", fs::perms::all);
    show("out", "/out", true);
    show("files", "/out/made");

    expect_refusal(script("true"), ErrorKind::kInput, "it is not there");
    EXPECT_FALSE(fs::exists(home() / "out/made"));
}

/// mount(2) by path follows a link: what CVE-2024-1753 lived on.
bool mount_follows_a_link(const fs::path& source, const fs::path& link, const fs::path& seen)
{
    const pid_t child = ::fork();
    if (child == 0) {
        if (::unshare(CLONE_NEWUSER | CLONE_NEWNS) != 0 ||
            ::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0 ||
            ::mount(source.c_str(), link.c_str(), nullptr, MS_BIND | MS_REC, nullptr) != 0)
            ::_exit(2);
        ::_exit(::access(seen.c_str(), F_OK) == 0 ? 0 : 1);
    }
    int status = 0;
    return ::waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

TEST_F(Binds, FollowNoLinkOfTheImage)
{
    fs::create_directory(home() / "victim");
    fs::create_symlink("victim", home() / "link");
    ASSERT_TRUE(mount_follows_a_link(home() / "files", home() / "link", home() / "victim/open"));
    make_tree_of("linked", {{"data", "->etc"}, {"srv/data", "->/etc"}});

    Plan plan = script("true");
    plan.lowers.insert(plan.lowers.begin(), "linked");
    for (const std::string destination : {"/data", "/srv/data", "/data/deeper"}) {
        SCOPED_TRACE(destination);
        show("files", destination);
        expect_refusal(plan, ErrorKind::kInput, "a link lies on the way");
        forget();
    }
}

TEST_F(Binds, CoverNothingThatIsTheCellsOwn)
{
    for (const std::string destination : {"/proc", "/proc/self", "/dev", "/dev/null"}) {
        SCOPED_TRACE(destination);
        show("files", destination);
        expect_refusal(script("true"), ErrorKind::kUsage, "the cell's own");
        forget();
    }
}

TEST_F(Binds, RefuseAFileOverADirectoryAndADirectoryOverAFile)
{
    show("files", "/etc/hosts");
    expect_refusal(script("true"), ErrorKind::kInput, "it is no directory");
    forget();
    show("files/open", "/etc");
    expect_refusal(script("true"), ErrorKind::kInput, "it is no file");
}

TEST_F(Binds, RefuseASourceThatIsGone)
{
    fs::create_directory(home() / "gone");
    show("gone", "/gone");
    fs::remove(home() / "gone");

    EXPECT_THROW(start(), Error);
}

TEST_F(Binds, BringWhatIsMountedBelowReadOnly)
{
    if (::geteuid() != 0) GTEST_SKIP() << "only root can mount on the host";
    fs::create_directory(home() / "files/disk");
    ASSERT_EQ(::mount("disk", (home() / "files/disk").c_str(), "tmpfs", 0, "mode=0777"), 0);
    const ScopeExit unmount(
        [disk = home() / "files/disk"] { ::umount2(disk.c_str(), MNT_DETACH); });
    write("files/disk/deep", "deep\n", 0644);
    show("files", "/files");

    EXPECT_EQ(output_of("cat /files/disk/deep"), "deep\n");
    EXPECT_THAT(output_of("touch /files/disk/made"), HasSubstr("Read-only file system"));
}

TEST_F(Binds, SeeNothingThatIsMountedLater)
{
    if (::geteuid() != 0) GTEST_SKIP() << "only root can mount on the host";
    // a shared mount, as systemd makes all: a plain clone of it is its peer
    const fs::path disk = home() / "files";
    ASSERT_EQ(::mount("disk", disk.c_str(), "tmpfs", 0, nullptr), 0);
    const ScopeExit unmount([disk] { ::umount2(disk.c_str(), MNT_DETACH); });
    ASSERT_EQ(::mount(nullptr, disk.c_str(), nullptr, MS_SHARED, nullptr), 0);
    fs::create_directory(disk / "later");
    show("files", "/files");
    start();

    ASSERT_EQ(::mount("later", (disk / "later").c_str(), "tmpfs", 0, nullptr), 0);
    write("files/later/secret", "secret\n", 0644);

    EXPECT_EQ(output_of("ls /files/later"), "");
    ::umount2((disk / "later").c_str(), MNT_DETACH);
}

// --- a directory of the host as the root ---

TEST_F(Binds, MakeARootWhoseChangesAreThrownAway)
{
    make_root("root");
    show("root", "/");
    Plan plan = script("cat /etc/name; echo new >/tmp/new; echo new >/var/tmp/new; "
                       "echo new >/root/new; rm /bin/touch; ls /tmp /var/tmp /root");
    plan.lowers = {};

    const Ended ended = run_bound(plan);

    EXPECT_EQ(ended.output, "of the host\n/root:\nnew\n\n/tmp:\nnew\n\n/var/tmp:\nnew\n")
        << ended.errors;
    EXPECT_FALSE(fs::exists(home() / "root/tmp/new"));
    EXPECT_TRUE(fs::is_symlink(home() / "root/bin/touch"));
}

TEST_F(Binds, MakeARootOfNobodysFilesThatTakesNewOnes)
{
    make_root("root");
    if (::geteuid() == 0) { // an owner that no cell has an id for: as every file of a plain user
        for (const auto& entry : fs::recursive_directory_iterator(home() / "root"))
            ASSERT_EQ(::lchown(entry.path().c_str(), 70000, 70000), 0);
    }
    show("root", "/");
    Plan plan = script("stat -c %u /etc/name; echo new >>/etc/name; "
                       "echo made >/etc/made && cat /etc/made; echo made >/var/lib/made");
    plan.lowers = {};

    const Ended ended = run_bound(plan);

    EXPECT_EQ(ended.output, "65534\nmade\n") << ended.errors;
    EXPECT_THAT(ended.errors, HasSubstr("/etc/name: Permission denied"));
    EXPECT_TRUE(ended.outcome.ok());
}

TEST_F(Binds, ShowNothingThatIsMountedBelowARoot)
{
    if (::geteuid() != 0) GTEST_SKIP() << "only root can mount on the host";
    make_root("root");
    ASSERT_EQ(::mount("disk", (home() / "root/var").c_str(), "tmpfs", 0, nullptr), 0);
    const ScopeExit unmount([disk = home() / "root/var"] { ::umount2(disk.c_str(), MNT_DETACH); });
    write("root/var/deep", "deep\n", 0644);
    show("root", "/");
    Plan plan = script("ls /var");
    plan.lowers = {};

    EXPECT_EQ(run_bound(plan).output, "lib\ntmp\n");
}

} // namespace
} // namespace caisson::sandbox::testing
