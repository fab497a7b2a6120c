// Each check of a host, on this one and on one whose kernel refuses what it tries: a filter around
// the whole check makes it so.
#include "sandbox/base/file.hh"
#include "sandbox/base/seccomp.hh"
#include "sandbox/features.hh"
#include "sandbox/host/check.hh"
#include "sandbox/sys/process.hh"
#include "tests/support/require.hh"

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <nlohmann/json.hpp>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

namespace caisson::sandbox {
namespace {

using nlohmann::json;

/// What a check is to find where a system call answers with an error.
struct Lack {
    const char* check;
    long call;
    int error;
    const char* status;
};

class HostChecks : public ::testing::Test {
protected:
    void SetUp() override
    {
        CAISSON_REQUIRE(user_namespaces_work(), user_namespace_hint());
        trees_ = open_file(directory_.path(), O_RDONLY | O_DIRECTORY);
    }

    /// The checks as a program of its own makes them, under a filter where one is given.
    [[nodiscard]] json found(const Lack* lack = nullptr) const
    {
        auto [told, teller] = make_pipe();
        const pid_t child = ::fork();
        if (child == 0) {
            if (lack != nullptr) refuse(*lack);
            write_all(teller.get(), check_host({.trees = trees_.get()}).dump());
            ::_exit(0);
        }
        teller.reset();
        const std::string text = read_all(told.get(), 1U << 20, "the checks");
        int status = 0;
        ::waitpid(child, &status, 0);
        EXPECT_EQ(status, 0);
        return text.empty() ? json::array() : json::parse(text);
    }

    [[nodiscard]] static json line(const json& checks, const std::string& id)
    {
        for (const json& check : checks)
            if (check.at("id") == id) return check;
        ADD_FAILURE() << "no check " << id;
        return {{"status", ""}, {"required", false}};
    }

    [[nodiscard]] std::filesystem::path directory() const { return directory_.path(); }

private:
    static void refuse(const Lack& lack)
    {
        const sock_filter program[] = {
            {BPF_LD | BPF_W | BPF_ABS, 0, 0, offsetof(seccomp_data, nr)},
            {BPF_JMP | BPF_JEQ | BPF_K, 0, 1, static_cast<std::uint32_t>(lack.call)},
            {BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ERRNO | static_cast<std::uint32_t>(lack.error)},
            {BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ALLOW}};
        sys::set_no_new_privileges();
        seccomp_set_filter(program);
    }

    TempDirectory directory_{std::filesystem::temp_directory_path()};
    UniqueFd trees_;
};

TEST_F(HostChecks, FindWhatThisHostHas)
{
    const json checks = found();

    EXPECT_EQ(checks.size(), host_checks().size());
    // the walls that these tests themselves need are here
    for (const char* id : {"namespaces.user", "calls.paths", "calls.memory", "seccomp.filters"})
        EXPECT_EQ(line(checks, id).at("status"), "ok") << line(checks, id);
    for (const json& check : checks) {
        EXPECT_FALSE(check.at("title").get<std::string>().empty()) << check;
        EXPECT_FALSE(check.at("meaning").get<std::string>().empty()) << check;
    }
    EXPECT_TRUE(std::filesystem::is_empty(directory()));
}

class HostLacks : public HostChecks, public ::testing::WithParamInterface<Lack> {};

TEST_P(HostLacks, IsFoundByItsCheck)
{
    const Lack& lack = GetParam();
    if (line(found(), lack.check).at("status") != "ok")
        GTEST_SKIP() << "this host lacks it already";

    const json check = line(found(&lack), lack.check);

    EXPECT_EQ(check.at("status"), lack.status) << check;
    EXPECT_FALSE(check.at("detail").get<std::string>().empty());
    EXPECT_EQ(check.at("required"), std::string_view(lack.status) == "missing") << check;
}

INSTANTIATE_TEST_SUITE_P(
    All,
    HostLacks,
    ::testing::Values(Lack{"namespaces.user", SYS_unshare, EPERM, "missing"},
                      Lack{"namespaces.nested", SYS_unshare, ENOSPC, "missing"},
                      Lack{"namespaces.other", SYS_unshare, EINVAL, "missing"},
                      Lack{"mounts.calls", SYS_fsopen, ENOSYS, "missing"},
                      Lack{"mounts.calls", SYS_open_tree, EPERM, "missing"},
                      Lack{"mounts.calls", SYS_mount_setattr, ENOSYS, "missing"},
                      Lack{"mounts.overlay", SYS_mount, ENODEV, "missing"},
                      Lack{"mounts.layers", SYS_fsconfig, EINVAL, "degraded"},
                      Lack{"mounts.procfs", SYS_fsmount, EPERM, "missing"},
                      Lack{"calls.process", SYS_clone3, ENOSYS, "missing"},
                      Lack{"calls.process", SYS_close_range, ENOSYS, "missing"},
                      Lack{"calls.paths", SYS_openat2, ENOSYS, "missing"},
                      Lack{"calls.memory", SYS_memfd_create, ENOSYS, "missing"},
                      Lack{"seccomp.filters", SYS_seccomp, EINVAL, "missing"},
                      Lack{"seccomp.supervisors", SYS_ioctl, EINVAL, "degraded"},
                      Lack{"landlock", SYS_landlock_create_ruleset, EOPNOTSUPP, "degraded"},
                      Lack{"store.attributes", SYS_fsetxattr, ENOTSUP, "missing"}),
    [](const auto& test) {
        std::string name = std::string(test.param.check) + "_" + std::to_string(test.param.call);
        std::replace(name.begin(), name.end(), '.', '_');
        return name;
    });

} // namespace
} // namespace caisson::sandbox
