// Stores on disks that are small, full or read-only. Mounting needs a namespace, so each test runs
// in a child.

#include "fixture.hh"
#include "runner/image/layer_writer.hh"
#include "tests/support/require.hh"

#include <cerrno>
#include <fcntl.h>
#include <fstream>
#include <functional>
#include <gmock/gmock.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

namespace caisson::runner {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

/// Becomes root of new user and mount namespaces, or of a mount namespace where it is root already.
bool enter_namespaces()
{
    const uid_t user = ::geteuid();
    const gid_t group = ::getegid();
    if (user == 0) return ::unshare(CLONE_NEWNS) == 0;
    if (::unshare(CLONE_NEWUSER | CLONE_NEWNS) != 0) return false;
    std::ofstream("/proc/self/setgroups") << "deny";
    std::ofstream("/proc/self/uid_map") << "0 " << user << " 1";
    std::ofstream("/proc/self/gid_map") << "0 " << group << " 1";
    return ::geteuid() == 0;
}

/// Runs `body` in a child with mounts of its own, and gives what it returned, or the message of the
/// Error that ended it. Nothing where such a child cannot be had here.
std::optional<std::string> in_child(const std::function<std::string()>& body)
{
    auto [read_end, write_end] = make_pipe();
    const pid_t child = ::fork();
    if (child == 0) {
        if (!enter_namespaces() ||
            ::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0)
            ::_exit(77);
        std::string said;
        try {
            said = body();
        } catch (const Error& error) {
            said = std::string(error.kind() == ErrorKind::kInput ? "input: " : "other: ") +
                   error.what();
        }
        write_all(write_end.get(), said);
        ::_exit(0);
    }
    write_end.reset();
    std::string said = read_all(read_end.get(), 1U << 20, "what the child says");
    int status = 0;
    if (::waitpid(child, &status, 0) != child || status != 0) return std::nullopt;
    return said;
}

class Disk : public ::testing::Test {
protected:
    TempDirectory directory{std::filesystem::temp_directory_path(), "caisson-disk-test-"};
    std::filesystem::path disk = directory.path() / "disk";

    void SetUp() override
    {
        std::filesystem::create_directory(disk);
        CAISSON_REQUIRE(in_child([] { return "ok"; }) == "ok", "no mount namespace to be had");
    }
    void mount_tmpfs(const char* options, unsigned long flags = 0) const
    {
        if (::mount("none", disk.c_str(), "tmpfs", flags, options) != 0)
            throw SysError(errno, "mount");
    }
};

TEST_F(Disk, CanBeATmpfs)
{
    EXPECT_EQ(in_child([&] {
                  mount_tmpfs("size=8m");
                  const auto store = Store::open(disk);
                  store->put_step(attest::Digest::of("key"), {.evidence = {.name = "RUN true"}});
                  const auto digest = store->put_blob("blob");
                  return store->find_step(attest::Digest::of("key"))->evidence.name + " " +
                         Store::open(disk)->read_blob(digest);
              }),
              "RUN true blob");
}

TEST_F(Disk, ThatIsFullIsNamedAndTheStoreStaysWhole)
{
    const auto said = in_child([&]() -> std::string {
        mount_tmpfs("size=1m");
        const auto store = Store::open(disk / "store");
        const attest::Digest kept = store->put_blob("kept");
        std::string failure;
        try {
            BlobWriter writer = store->new_blob();
            for (int chunk = 0; chunk < 64; ++chunk)
                writer.write(std::string(64U << 10, static_cast<char>(chunk)));
        } catch (const Error& error) {
            failure = error.what();
        }
        const bool whole = Store::open(disk / "store")->read_blob(kept) == "kept" &&
                           std::filesystem::is_empty(disk / "store/tmp");
        store->put_blob(std::string(64U << 10, 'x')); // there is room again
        return failure + (whole ? " whole" : " damaged");
    });
    EXPECT_THAT(said.value_or(""),
                AllOf(HasSubstr("No space left on device"),
                      HasSubstr("hint: free some space"),
                      HasSubstr(" whole")));
}

TEST_F(Disk, ThatIsFullEndsALayer)
{
    const auto said = in_child([&]() -> std::string {
        mount_tmpfs("size=256k");
        const auto store = Store::open(disk / "store");
        const UniqueFd noise = open_file("/dev/urandom", O_RDONLY);
        (void)store_layer(*store, noise.get());
        return "stored an endless layer";
    });
    EXPECT_THAT(said.value_or(""),
                AllOf(HasSubstr("input: "), HasSubstr("No space left on device")));
}

TEST_F(Disk, ThatIsReadOnlyIsNamed)
{
    for (const bool made_before : {false, true}) {
        const auto said = in_child([&]() -> std::string {
            mount_tmpfs("size=1m");
            if (made_before) (void)Store::open(disk / "store");
            if (::mount("none", disk.c_str(), nullptr, MS_REMOUNT | MS_RDONLY, nullptr) != 0)
                throw SysError(errno, "mount");
            (void)Store::open(disk / "store");
            return "opened it";
        });
        EXPECT_THAT(said.value_or(""),
                    AllOf(HasSubstr("input: open the store \"" + disk.native() + "/store\""),
                          HasSubstr("Read-only file system"),
                          HasSubstr("hint: set CAISSON_STORE")))
            << made_before;
    }
}

} // namespace
} // namespace caisson::runner
