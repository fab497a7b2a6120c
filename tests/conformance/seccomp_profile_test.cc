// Docker's default profile, unchanged in a policy, must mean what it means to Docker: its compiled
// program is asked call by call, and compared with a reading of the JSON that shares nothing with
// the loader, with the program that libseccomp makes of it as runc would, and with the kernel.
#include "policies/policy.hh"
#include "runner/job/compile_filter.hh"
#include "sandbox/base/file.hh"
#include "sandbox/base/seccomp.hh"
#include "sandbox/seccomp/evaluate.hh"
#include "tests/conformance/data.hh"
#include "tests/conformance/profile_reading.hh"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <functional>
#include <gtest/gtest.h>
#include <map>
#include <nlohmann/json.hpp>
#include <seccomp.h>
#include <set>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

namespace caisson::testing {
namespace {

#if defined(__x86_64__)

constexpr std::uint32_t kRefused = SECCOMP_RET_ERRNO | EPERM;

class DockerProfile : public ConformanceData {
protected:
    void SetUp() override
    {
        ConformanceData::SetUp();
        if (IsSkipped() || HasFatalFailure()) return;
        profile_ =
            json::parse(read_file(conformance_data() / "seccomp/docker-default.json", 1U << 20));
    }

    json profile_;
};

TEST_F(DockerProfile, MeansWhatItSaysCallByCallAboveTheFloor)
{
    const Program program = compiled(profile_);
    const Reading reading(profile_);
    std::size_t compared = 0;
    std::set<std::string> changed; // by the floor
    for_each_sample(reading, [&](const auto& name, int number, const Arguments& arguments) {
        const std::uint32_t said = reading.answer(name, arguments);
        const std::uint32_t floor = below_floor(name, arguments);
        if (floor != SECCOMP_RET_ALLOW && said == SECCOMP_RET_ALLOW) changed.insert(name);
        ++compared;
        ASSERT_EQ(ask(program, number, arguments), floor == SECCOMP_RET_ALLOW ? said : floor)
            << name << std::hex << " " << arguments[0] << " " << arguments[1] << " "
            << arguments[2];
    });

    EXPECT_GT(compared, 300'000U);
    // all else is as Docker has it
    EXPECT_EQ(changed,
              (std::set<std::string>{"ioctl",
                                     "ioprio_set",
                                     "memfd_create",
                                     "mmap",
                                     "prlimit64",
                                     "sched_setaffinity",
                                     "sched_setattr",
                                     "sched_setparam",
                                     "sched_setscheduler",
                                     "seccomp",
                                     "setpriority",
                                     "setrlimit",
                                     "setsockopt",
                                     "shmget",
                                     "socket",
                                     "socketpair"}));
}

/// What runc makes of the profile (libcontainer/seccomp), by libseccomp.
Program program_of_runc(const json& profile)
{
    const scmp_filter_ctx context =
        ::seccomp_init(SCMP_ACT_ERRNO(profile["defaultErrnoRet"].get<std::uint32_t>()));
    for (const json& entry : profile["syscalls"]) {
        if (!entry_counts(entry)) continue;
        const std::uint32_t action = entry["action"] == "SCMP_ACT_ALLOW"
                                         ? SCMP_ACT_ALLOW
                                         : SCMP_ACT_ERRNO(entry.value("errnoRet", 1U));
        static const std::map<std::string, scmp_compare> kOperators = {
            {"SCMP_CMP_NE", SCMP_CMP_NE},
            {"SCMP_CMP_LT", SCMP_CMP_LT},
            {"SCMP_CMP_EQ", SCMP_CMP_EQ},
            {"SCMP_CMP_GT", SCMP_CMP_GT},
            {"SCMP_CMP_MASKED_EQ", SCMP_CMP_MASKED_EQ}};
        std::vector<scmp_arg_cmp> comparisons;
        for (const json& test : entry.value("args", json::array()))
            comparisons.push_back({.arg = test["index"],
                                   .op = kOperators.at(test["op"]),
                                   .datum_a = test["value"],
                                   .datum_b = test.value("valueTwo", std::uint64_t{0})});
        for (const std::string name : entry["names"]) {
            const int number = ::seccomp_syscall_resolve_name(name.c_str());
            if (number < 0) continue;
            const int failed = ::seccomp_rule_add_array(context,
                                                        action,
                                                        number,
                                                        static_cast<unsigned>(comparisons.size()),
                                                        comparisons.data());
            EXPECT_EQ(failed, 0) << name;
        }
    }
    const UniqueFd file(::memfd_create("runc", MFD_CLOEXEC));
    EXPECT_EQ(::seccomp_export_bpf(context, file.get()), 0);
    ::seccomp_release(context);
    ::lseek(file.get(), 0, SEEK_SET);
    return as_program(read_all(file.get(), 1U << 20, "runc's program"));
}

TEST_F(DockerProfile, MeansWhatRuncMakesOfItAboveTheFloor)
{
    const Program program = compiled(profile_);
    const Program theirs = program_of_runc(profile_);
    const Reading reading(profile_);
    for_each_sample(reading, [&](const auto& name, int number, const Arguments& arguments) {
        const std::uint32_t floor = below_floor(name, arguments);
        if (floor != SECCOMP_RET_ALLOW) return;
        ASSERT_EQ(ask(program, number, arguments), ask(theirs, number, arguments)) << name;
    });
}

TEST_F(DockerProfile, CannotBePassedByBitsThatTheKernelThrowsAway)
{
    const Program program = compiled(profile_);
    const Program theirs = program_of_runc(profile_);
    const int number = native_calls().at("socket");
    const std::uint64_t above = 1ULL << 32;

    // 38 is AF_ALG: to the 64-bit comparison of Docker's rule it is a family beyond VSOCK
    EXPECT_EQ(ask(theirs, number, {38, 5, 0, 0, 0, 0}), kRefused);
    EXPECT_EQ(ask(theirs, number, {above | 38, 5, 0, 0, 0, 0}), SECCOMP_RET_ALLOW);
    for (const std::uint64_t family : Arguments{38, above | 38, 40, above | 40})
        EXPECT_EQ(ask(program, number, {family, 5, 0, 0, 0, 0}), SECCOMP_RET_ERRNO | EAFNOSUPPORT);
    EXPECT_EQ(ask(program, number, {above | 1, 1, 0, 0, 0, 0}), SECCOMP_RET_ALLOW);
}

TEST_F(DockerProfile, NamesCallsThatThisMachineLacks)
{
    EXPECT_TRUE(runner::filter_of_policy(policy_with(profile_)).unknown_calls.empty());
    profile_["syscalls"][0]["names"].push_back("raed");

    EXPECT_EQ(runner::filter_of_policy(policy_with(profile_)).unknown_calls,
              std::vector<std::string>{"raed"});
}

TEST_F(DockerProfile, MeansTheSameToProgramsOfI386Images)
{
    const Program program =
        as_program(runner::compile_filter(policy_with(profile_), sandbox::Architecture::kI386));
    const Reading reading(profile_);
    // what lies below the floor, is asked of by sub-call, or looks at arguments
    const std::set<std::string> apart = {"mmap",
                                         "io_uring_setup",
                                         "io_uring_enter",
                                         "io_uring_register",
                                         "mmap2",
                                         "socketcall",
                                         "socket",
                                         "ipc",
                                         "ioctl",
                                         "setsockopt",
                                         "socketpair",
                                         "clone",
                                         "clone3",
                                         "personality"};
    std::size_t compared = 0;
    for (int number = 0; number < 452; ++number) {
        char* const name = ::seccomp_syscall_resolve_num_arch(SCMP_ARCH_X86, number);
        if (name == nullptr) continue;
        const std::string call = name;
        std::free(name); // NOLINT: libseccomp's own malloc
        if (apart.contains(call)) continue;
        const seccomp_data data = {.nr = number, .arch = AUDIT_ARCH_I386, .args = {7}};
        EXPECT_EQ(sandbox::evaluate_seccomp(program, data), reading.answer(call, Arguments(6, 7)))
            << call;
        ++compared;
    }
    EXPECT_GT(compared, 400U);
    const auto subcall = [&](std::uint64_t number) {
        const seccomp_data data = {.nr = 102, .arch = AUDIT_ARCH_I386, .args = {number}};
        return sandbox::evaluate_seccomp(program, data);
    };
    EXPECT_EQ(subcall(3), SECCOMP_RET_ALLOW);
    for (const std::uint64_t asked : {1, 8, 14})
        EXPECT_EQ(subcall(asked), SECCOMP_RET_USER_NOTIF) << asked;
}

// --- the kernel ---

/// The errno that `call` ends with in a child, under `program` if it is not empty.
int errno_under(const Program& program, const std::function<long()>& call)
{
    const pid_t child = ::fork();
    if (child == 0) {
        if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) ::_exit(254);
        if (!program.empty()) seccomp_set_filter(program);
        const long result = call();
        ::_exit(result < 0 ? errno : 0);
    }
    int status = 0;
    ::waitpid(child, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 255;
}

TEST_F(DockerProfile, IsKeptByTheKernel)
{
    struct Attempt {
        const char* name;
        std::vector<std::uint64_t>
            arguments; ///< that harm nobody, and that no kernel says EPERM to
    };
    constexpr std::uint64_t kNone = ~0ULL; // a descriptor or a process that is not there
    const Attempt attempts[] = {
        {"read", {kNone}},
        {"openat2", {kNone, 0, 0, 0}},
        {"ptrace", {0x7fff, kNone}},
        {"process_vm_readv", {0x7fffffff, 0, 0, 0, 0, 0}},
        {"name_to_handle_at", {kNone, 0, 0, 0, 0}},
        {"vmsplice", {kNone, 0, 0, 0}},
        {"modify_ldt", {99}},
        {"remap_file_pages", {1, 1, 1, 1, 1}},
        {"keyctl", {9999}},
        {"add_key", {0, 0, 0, 0, 0}},
        {"io_uring_setup", {0, 0}},
        {"clone3", {0, 0}},
        {"unshare", {0x4}},
        {"open_by_handle_at", {kNone, 0, 0}},
        {"move_pages", {0, 0, 0, 0, 0, 0x80}},
        {"kcmp", {0, 0, 99, 0, 0}},
        {"personality", {0xffffffff}},
        {"personality", {0x20008}},
        {"socket", {AF_UNIX, SOCK_STREAM, 0}},
        {"socket", {AF_NETLINK, SOCK_RAW, 0}},
        {"socket", {AF_NETLINK, SOCK_RAW, 15}},
        {"socket", {AF_VSOCK, SOCK_STREAM, 0}},
        {"socket", {(1ULL << 32) | AF_VSOCK, SOCK_STREAM, 0}},
        {"socket", {45, SOCK_STREAM, 0}},
        {"ioctl", {kNone, 0x5401, 0}},
        {"ioctl", {kNone, 0x5412, 0}},
        {"ioctl", {kNone, (1ULL << 32) | 0x5412, 0}},
        {"setsockopt", {kNone, 6, 31, 0, 0}},
        {"setsockopt", {kNone, 6, 1, 0, 0}},
    };
    const Program program = compiled(profile_);
    for (const Attempt& attempt : attempts) {
        std::vector<std::uint64_t> arguments = attempt.arguments;
        arguments.resize(6);
        const int number = native_calls().at(attempt.name);
        const auto call = [&] {
            return ::syscall(number,
                             arguments[0],
                             arguments[1],
                             arguments[2],
                             arguments[3],
                             arguments[4],
                             arguments[5]);
        };
        const int outside = errno_under({}, call);
        ASSERT_NE(outside, EPERM) << attempt.name << ": it proves nothing";

        const std::uint32_t said = ask(program, number, arguments);
        const int wanted =
            said == SECCOMP_RET_ALLOW ? outside : static_cast<int>(said & SECCOMP_RET_DATA);
        EXPECT_EQ(errno_under(program, call), wanted)
            << attempt.name << " " << attempt.arguments[0];
    }
}

// --- the floor ---

TEST(Floor, HoldsUnderAProfileThatAllowsEverything)
{
    const json profile = {{"defaultAction", "SCMP_ACT_ALLOW"}};
    const Program program = compiled(profile);
    std::size_t refused = 0;
    const json empty = {
        {"defaultAction", "SCMP_ACT_ERRNO"}, {"defaultErrnoRet", 1}, {"syscalls", json::array()}};
    for_each_sample(Reading(empty), [&](const auto& name, int number, const Arguments& arguments) {
        const std::uint32_t floor = below_floor(name, arguments);
        refused += floor == SECCOMP_RET_ALLOW ? 0 : 1;
        ASSERT_EQ(ask(program, number, arguments), floor) << name << " " << arguments[0];
    });
    EXPECT_GT(refused, 10'000U);
    EXPECT_EQ(ask(program, 470, std::vector<std::uint64_t>(6)), SECCOMP_RET_ERRNO | ENOSYS);
    EXPECT_EQ(ask(program, 0x40000000 | 39, std::vector<std::uint64_t>(6)),
              SECCOMP_RET_ERRNO | ENOSYS);
    seccomp_data foreign = {.nr = 20, .arch = AUDIT_ARCH_I386};
    EXPECT_EQ(sandbox::evaluate_seccomp(program, foreign), SECCOMP_RET_KILL_PROCESS);
}

TEST(Floor, GivesWayOnlyToWhatIsAcceptedByName)
{
    const json profile = {{"defaultAction", "SCMP_ACT_ALLOW"}};
    const Program program = compiled(profile,
                                     {{"i_accept_kernel_crypto_sockets", true},
                                      {"i_accept_keyrings_of_the_host", true},
                                      {"i_accept_netlink_beyond_routes", false}});
    const auto answer = [&](const char* name, std::vector<std::uint64_t> arguments) {
        arguments.resize(6);
        return ask(program, native_calls().at(name), arguments);
    };

    EXPECT_EQ(answer("socket", {38, 5, 0}), SECCOMP_RET_ALLOW);
    EXPECT_EQ(answer("keyctl", {}), SECCOMP_RET_ALLOW);
    EXPECT_EQ(answer("socket", {40, 1, 0}), SECCOMP_RET_ERRNO | EAFNOSUPPORT);
    EXPECT_EQ(answer("socket", {16, 3, 12}), SECCOMP_RET_ERRNO | EPROTONOSUPPORT);
    EXPECT_EQ(answer("io_uring_setup", {}), SECCOMP_RET_ERRNO | ENOSYS);
}

#endif

} // namespace
} // namespace caisson::testing
