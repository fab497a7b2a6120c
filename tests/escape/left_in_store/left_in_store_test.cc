// The story: a step leaves a setuid program, or a world-readable secret, in its layer, and the
// layer lies on the host's disk. An accomplice who has an account there runs it, or reads it, out
// of the runner's store: runc CVE-2025-… of bind mounts, Nix GHSA-vh5x-56v6-4368 (another build's
// ids), every `podman unshare` store. The same by the back door: type=local writes what the step
// made as files of whoever builds.
//
// The attacker: a step with a setuid shell. The assertion: the file's owner is a subordinate id,
// its mode is worth nothing to anybody else, and type=local writes no setuid bit.
#include "tests/escape/outside.hh"
#include "tests/support/paths.hh"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

namespace caisson::testing {
namespace {

namespace fs = std::filesystem;

/// As another user of the machine: what root could not be stopped from.
Ran as_somebody(const std::string& line)
{
    return run("/usr/bin/setpriv",
               {"--reuid", "65534", "--regid", "65534", "--clear-groups", "/bin/sh", "-c", line});
}

TEST(EscapeByWhatIsLeft, SetuidProgramOfRootIsOneOutside)
{
    if (::geteuid() != 0) GTEST_SKIP() << "only root leaves root's programs about";
    const Workspace work;
    shell("chmod 0711 '" + work.path().native() + "'");
    const fs::path program = work.path("program");
    fs::copy_file("/usr/bin/id", program);
    ::chmod(program.c_str(), 04755);

    EXPECT_EQ(as_somebody("'" + program.native() + "' -u").out, "0\n") << "it proves nothing";
}

TEST(EscapeByWhatIsLeft, NothingInTheStoreBelongsToTheHost)
{
    const Workspace work;
    work.add_busybox();
    ASSERT_EQ(
        work.build(Workspace::busybox_root() +
                   "RUN cp /bin/busybox /evil && chmod 04755 /evil && mkdir -m 02777 /open && "
                   "echo secret > /open/secret\n")
            .exit,
        0);

    const std::string evil =
        shell("find '" + work.store().native() + "/trees' -name evil 2>/dev/null").out;
    if (::geteuid() == 0) {
        ASSERT_NE(evil, "");
        struct stat entry = {};
        ASSERT_EQ(::stat(evil.substr(0, evil.size() - 1).c_str(), &entry), 0);
        EXPECT_GE(entry.st_uid, 100000U) << "a subordinate id, which is nobody's";
        // whatever the modes on the way in: nobody but the store's owner gets there
        EXPECT_NE(as_somebody("ls '" + work.store().native() + "/trees'").exit, 0);
    } else {
        // the invoking user, too, has no right to a subordinate id's file by its number
        EXPECT_EQ(shell("find '" + work.store().native() + "/trees' -user 0 2>/dev/null").out, "");
    }
}

TEST(EscapeByWhatIsLeft, LocalOutputHasNoSetuidBitAndNoOwnerButTheCaller)
{
    const Workspace work;
    work.add_busybox();
    const fs::path out = work.path("out");

    ASSERT_EQ(
        work.build(Workspace::busybox_root() +
                       "RUN cp /bin/busybox /evil && chmod 06755 /evil && chown 12:34 /evil && "
                       "mkdir -m 07777 /sticky\n",
                   {"-o", "type=local,dest=" + out.native()})
            .exit,
        0);

    for (const char* name : {"evil", "sticky"}) {
        struct stat entry = {};
        ASSERT_EQ(::stat((out / name).c_str(), &entry), 0);
        EXPECT_EQ(entry.st_mode & 07000U, 0U) << name;
        EXPECT_EQ(entry.st_uid, ::geteuid());
        EXPECT_EQ(entry.st_gid, ::getegid());
    }
}

} // namespace
} // namespace caisson::testing
