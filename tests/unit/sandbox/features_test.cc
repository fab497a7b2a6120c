#include "sandbox/base/error.hh"
#include "sandbox/features.hh"
#include "sandbox/sys/capability.hh"

#include <gtest/gtest.h>
#include <linux/capability.h>
#include <sched.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

namespace caisson::sandbox {
namespace {

TEST(Features, AgreeWithWhatAChildCanDo)
{
    const pid_t child = ::fork();
    if (child == 0) ::_exit(::unshare(CLONE_NEWUSER) == 0 ? 0 : 1);
    int status = 0;
    ::waitpid(child, &status, 0);

    EXPECT_EQ(probe_features().user_namespaces, status == 0);
}

TEST(Features, LeaveTheCallerInItsOwnNamespaces)
{
    const ino_t before = [] {
        struct stat entry = {};
        ::stat("/proc/self/ns/user", &entry);
        return entry.st_ino;
    }();

    (void)user_namespaces_work();

    struct stat after = {};
    ::stat("/proc/self/ns/user", &after);
    EXPECT_EQ(after.st_ino, before);
}

TEST(Capability, IsNamedAsInTheManual)
{
    EXPECT_EQ(sys::capability("CAP_CHOWN"), 1ULL << CAP_CHOWN);
    EXPECT_EQ(sys::capability("CAP_CHECKPOINT_RESTORE"), 1ULL << CAP_CHECKPOINT_RESTORE);
    EXPECT_THROW((void)sys::capability("CAP_EVERYTHING"), Error);
}

} // namespace
} // namespace caisson::sandbox
