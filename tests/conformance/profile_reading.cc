#include "tests/conformance/profile_reading.hh"

#if defined(__x86_64__)

#include "runner/job/compile_filter.hh"
#include "sandbox/base/file.hh"
#include "sandbox/seccomp/evaluate.hh"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <gtest/gtest.h>
#include <seccomp.h>
#include <set>
#include <sys/utsname.h>

namespace caisson::testing {

const std::set<std::string> kKept = {"CAP_CHOWN",
                                     "CAP_DAC_OVERRIDE",
                                     "CAP_FOWNER",
                                     "CAP_FSETID",
                                     "CAP_KILL",
                                     "CAP_SETGID",
                                     "CAP_SETUID",
                                     "CAP_SETPCAP",
                                     "CAP_SETFCAP",
                                     "CAP_SYS_CHROOT",
                                     "CAP_NET_BIND_SERVICE"};

Program as_program(const std::string& bytes)
{
    Program program(bytes.size() / sizeof(sock_filter));
    std::memcpy(program.data(), bytes.data(), bytes.size());
    return program;
}

policies::Policy policy_with(const json& profile, const json& accepted)
{
    const TempDirectory directory(std::filesystem::temp_directory_path());
    json policy = {{"format", "policy@v1"},
                   {"name", "docker"},
                   {"limits",
                    {{"processes", 4096},
                     {"file_size_bytes", 1U << 30},
                     {"open_files", 1024},
                     {"output_bytes", 1U << 20},
                     {"step_seconds", 60},
                     {"build_seconds", 60}}},
                   {"capabilities", kKept},
                   {"seccomp", accepted},
                   {"landlock", "if-available"},
                   {"network", "none"},
                   {"base_images", json::array()}};
    policy["seccomp"]["profile"] = "profile.json";
    write_file_atomically(directory.path() / "profile.json", profile.dump());
    write_file_atomically(directory.path() / "policy.json", policy.dump());
    return policies::load_policy((directory.path() / "policy.json").native());
}

Program compiled(const json& profile, const json& accepted)
{
    return as_program(runner::compile_filter(policy_with(profile, accepted)));
}

const std::map<std::string, int>& native_calls()
{
    static const std::map<std::string, int> kCalls = [] {
        std::map<std::string, int> known;
        for (int number = 0; number < 452; ++number)
            if (char* const name = ::seccomp_syscall_resolve_num_arch(SCMP_ARCH_X86_64, number)) {
                known.emplace(name, number);
                std::free(name); // NOLINT: libseccomp's own malloc
            }
        return known;
    }();
    return kCalls;
}

std::uint32_t ask(const Program& program, int number, const std::vector<std::uint64_t>& arguments)
{
    seccomp_data call = {.nr = number, .arch = AUDIT_ARCH_X86_64, .instruction_pointer = 0};
    std::copy(arguments.begin(), arguments.end(), call.args);
    return sandbox::evaluate_seccomp(program, call);
}

// --- the profile, read directly ---

namespace {

bool kernel_is_at_least(const std::string& wanted)
{
    utsname host = {};
    ::uname(&host);
    int have[2] = {};
    int want[2] = {};
    EXPECT_EQ(std::sscanf(host.release, "%d.%d", &have[0], &have[1]), 2);
    EXPECT_EQ(std::sscanf(wanted.c_str(), "%d.%d", &want[0], &want[1]), 2);
    return have[0] > want[0] || (have[0] == want[0] && have[1] >= want[1]);
}

} // namespace

bool entry_counts(const json& entry)
{
    const json in = entry.value("includes", json::object());
    const json out = entry.value("excludes", json::object());
    const auto names = [](const json& conditions, const char* key) {
        return conditions.value(key, std::set<std::string>());
    };
    for (const std::string& capability : names(in, "caps"))
        if (!kKept.contains(capability)) return false;
    for (const std::string& capability : names(out, "caps"))
        if (kKept.contains(capability)) return false;
    const auto arches = names(in, "arches");
    if (!arches.empty() && !arches.contains("amd64")) return false;
    if (names(out, "arches").contains("amd64")) return false;
    return !in.contains("minKernel") || kernel_is_at_least(in["minKernel"]);
}

namespace {

bool argument_meets(const json& test, std::uint64_t argument)
{
    const std::string op = test["op"];
    const auto value = test["value"].get<std::uint64_t>();
    if (op == "SCMP_CMP_EQ") return argument == value;
    if (op == "SCMP_CMP_NE") return argument != value;
    if (op == "SCMP_CMP_LT") return argument < value;
    if (op == "SCMP_CMP_LE") return argument <= value;
    if (op == "SCMP_CMP_GT") return argument > value;
    if (op == "SCMP_CMP_GE") return argument >= value;
    EXPECT_EQ(op, "SCMP_CMP_MASKED_EQ");
    return (argument & value) == test.value("valueTwo", std::uint64_t{0});
}

} // namespace

Reading::Reading(const json& profile)
{
    EXPECT_EQ(profile["defaultAction"], "SCMP_ACT_ERRNO");
    otherwise_ = SECCOMP_RET_ERRNO | profile["defaultErrnoRet"].get<std::uint32_t>();
    for (const json& entry : profile["syscalls"]) {
        if (!entry_counts(entry)) continue;
        for (const std::string name : entry["names"])
            entries_[name].push_back(&entry);
    }
}

std::uint32_t Reading::answer(const std::string& name,
                              const std::vector<std::uint64_t>& arguments) const
{
    for (const json* entry : entries_of(name)) {
        bool all = true;
        for (const json& test : entry->value("args", json::array()))
            all = all && argument_meets(test, arguments.at(test["index"]));
        if (!all) continue;
        if ((*entry)["action"] == "SCMP_ACT_ALLOW") return SECCOMP_RET_ALLOW;
        EXPECT_EQ((*entry)["action"], "SCMP_ACT_ERRNO");
        return SECCOMP_RET_ERRNO | entry->value("errnoRet", 1U);
    }
    return otherwise_;
}

std::vector<const json*> Reading::entries_of(const std::string& name) const
{
    const auto found = entries_.find(name);
    return found == entries_.end() ? std::vector<const json*>() : found->second;
}

// --- the floor, said again ---

namespace {

/// Calls that no argument makes harmless, and their errors.
const std::map<std::string, int> kNever = {{"io_uring_setup", ENOSYS},
                                           {"io_uring_enter", ENOSYS},
                                           {"io_uring_register", ENOSYS},
                                           {"clone3", ENOSYS},
                                           {"setns", EPERM},
                                           {"mount", EPERM},
                                           {"umount2", EPERM},
                                           {"pivot_root", EPERM},
                                           {"fsopen", EPERM},
                                           {"fsconfig", EPERM},
                                           {"fsmount", EPERM},
                                           {"fspick", EPERM},
                                           {"move_mount", EPERM},
                                           {"open_tree", EPERM},
                                           {"mount_setattr", EPERM},
                                           {"open_by_handle_at", EPERM},
                                           {"bpf", EPERM},
                                           {"perf_event_open", EPERM},
                                           {"userfaultfd", EPERM},
                                           {"kexec_load", EPERM},
                                           {"kexec_file_load", EPERM},
                                           {"reboot", EPERM},
                                           {"create_module", EPERM},
                                           {"init_module", EPERM},
                                           {"finit_module", EPERM},
                                           {"delete_module", EPERM},
                                           {"swapon", EPERM},
                                           {"swapoff", EPERM},
                                           {"acct", EPERM},
                                           {"quotactl", EPERM},
                                           {"quotactl_fd", EPERM},
                                           {"settimeofday", EPERM},
                                           {"clock_settime", EPERM},
                                           {"iopl", EPERM},
                                           {"ioperm", EPERM},
                                           {"add_key", EPERM},
                                           {"request_key", EPERM},
                                           {"keyctl", EPERM}};

} // namespace

std::uint32_t below_floor(const std::string& name, const std::vector<std::uint64_t>& arguments)
{
    const auto first = static_cast<std::uint32_t>(arguments[0]);
    const auto second = static_cast<std::uint32_t>(arguments[1]);
    const auto third = static_cast<std::uint32_t>(arguments[2]);
    int error = 0;
    if (const auto found = kNever.find(name); found != kNever.end()) error = found->second;
    if (name == "setrlimit" && first == 4) return SECCOMP_RET_ERRNO; // answered as done
    if (name == "prlimit64" && first != 1 && second == 4 && arguments[2] != 0)
        return SECCOMP_RET_ERRNO;
    if (first == 1 &&
        (name == "prlimit64" || name == "sched_setaffinity" || name == "sched_setparam" ||
         name == "sched_setscheduler" || name == "sched_setattr"))
        error = EPERM;
    if (name == "setpriority" && ((first == 0 && second == 1) || first == 2)) error = EPERM;
    if (name == "ioprio_set" && ((first == 1 && second == 1) || first == 3)) error = EPERM;
    if (name == "mmap" && (arguments[3] & 0x40000U) != 0) error = ENOMEM;
    if (name == "memfd_create" && (second & 4U) != 0) error = EINVAL;
    if (name == "shmget" && (third & 04000U) != 0) error = EPERM;
    if (name == "clone" && (first & 0x7e020000U) != 0) error = EPERM;
    if (name == "unshare" && (first & 0x7e020080U) != 0) error = EPERM;
    if (name == "seccomp" && first == 1 && (second & 8U) != 0) error = EPERM;
    if (name == "ioctl" && (second == 0x5412 || second == 0x541c || second == 0x5423))
        error = EPERM;
    if (name == "socketpair" && first != 1) error = EAFNOSUPPORT;
    if (name == "socket") {
        if (first != 1 && first != 2 && first != 10 && first != 16) error = EAFNOSUPPORT;
        if (first == 16 && third != 0) error = EPROTONOSUPPORT;
    }
    if (name == "setsockopt") {
        if (second == 6 && third == 31) error = ENOPROTOOPT;
        if (second == 0 && (third == 16 || third == 17 || third >= 64)) error = ENOPROTOOPT;
        if (second == 41 && (third == 34 || third == 35 || third == 64 || third == 65))
            error = ENOPROTOOPT;
    }
    return error == 0 ? SECCOMP_RET_ALLOW : SECCOMP_RET_ERRNO | static_cast<std::uint32_t>(error);
}

namespace {

/// Arguments at and around all that a rule of these entries or of the floor compares with.
std::vector<std::uint64_t> edges(const std::vector<const json*>& entries)
{
    std::set<std::uint64_t> values = {
        0, 1, 2, 6, 8, 10, 16, 17, 31, 34, 38, 40, 41, 64, 0x5412, 0x541c, 0x5423, 0x7fffffff};
    for (unsigned bit = 0; bit < 32; ++bit)
        values.insert(1ULL << bit);
    for (const json* entry : entries)
        for (const json& test : entry->value("args", json::array()))
            values.insert(test["value"].get<std::uint64_t>());
    std::set<std::uint64_t> around = values;
    for (const std::uint64_t value : values)
        for (const std::uint64_t neighbour : {value - 1, value + 1})
            if (neighbour <= UINT32_MAX) around.insert(neighbour);
    return {around.begin(), around.end()};
}

} // namespace

void for_each_sample(const Reading& reading, const Visit& visit)
{
    static const std::set<std::string> kTogether = {
        "socket", "socketpair", "setsockopt", "seccomp", "prlimit64", "setpriority", "ioprio_set"};
    for (const auto& [name, number] : native_calls()) {
        const Arguments values = edges(reading.entries_of(name));
        for (unsigned index = 0; index < 6; ++index)
            for (const std::uint64_t value : values) {
                Arguments arguments(6, 0);
                arguments[index] = value;
                visit(name, number, arguments);
            }
        if (!kTogether.contains(name)) continue;
        for (const std::uint64_t one : values)
            for (const std::uint64_t two : values)
                for (const std::uint64_t three : {0, 1, 15, 16, 17, 31, 33, 34, 35, 63, 64, 66})
                    visit(name, number, {one, two, three, 0, 0, 0});
    }
}

} // namespace caisson::testing

#endif
