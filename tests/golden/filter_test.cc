// What a reviewer should see change: what the filters of the profiles answer, call by call, and how
// a program looks. Read from the compiled bytes, so a change of the compiler shows here as well.
#include "policies/floor.hh"
#include "policies/policy.hh"
#include "policies/syscall_group.hh"
#include "runner/job/compile_filter.hh"
#include "sandbox/chamber/chamber_filter.hh"
#include "sandbox/seccomp/compile.hh"
#include "sandbox/seccomp/syscall_arguments.hh"
#include "sandbox/seccomp/syscall_table.hh"
#include "sandbox/seccomp/text.hh"
#include "tests/support/golden.hh"

#include <cerrno>
#include <set>
#include <sstream>

namespace caisson {
namespace {

#if defined(__x86_64__)

using sandbox::SeccompFilter;
using sandbox::SeccompRule;

TEST(ProfileFilter, AnswersThis)
{
    const policies::Policy policy = policies::load_policy("default");

    testing::expect_golden("filter.default.x86_64.txt",
                           sandbox::describe_seccomp(runner::compile_filter(policy)));
}

TEST(ProfileFilter, AnswersThisToProgramsOfI386Images)
{
    const policies::Policy policy = policies::load_policy("default");

    testing::expect_golden(
        "filter.default.i386.txt",
        sandbox::describe_seccomp(runner::compile_filter(policy, sandbox::Architecture::kI386)));
}

TEST(ProfileFilter, ListsForI386WhatMeansTheSameThere)
{
    using sandbox::Architecture;
    // refused, since its arguments lie behind a pointer
    const std::set<std::string> means_another = {"mmap"};
    for (const std::string_view name : policies::syscall_group_names()) {
        const policies::SyscallGroup group = policies::syscall_group(name);
        std::set<std::string> listed;
        for (const policies::SyscallEntry& entry : group.i386_calls) {
            EXPECT_TRUE(sandbox::syscall_number(Architecture::kI386, entry.name)) << entry.name;
            listed.insert(entry.name);
        }
        for (const policies::SyscallEntry& entry : group.calls) {
            if (!sandbox::syscall_number(Architecture::kI386, entry.name)) continue;
            EXPECT_NE(listed.contains(entry.name), means_another.contains(entry.name))
                << group.name << ": " << entry.name;
        }
    }
}

TEST(ProfileFilter, ComparesNoArgumentWhoseWidthIsUnknown)
{
    const auto bits = [](const std::string& call, unsigned index) {
        return sandbox::argument_bits(sandbox::Architecture::kNative, call, index);
    };
    // read whole: two words of flags, of which high ones are EINVAL or mean nothing, and a pointer
    const std::set<std::pair<std::string, unsigned>> whole = {
        {"unshare", 0}, {"mmap", 3}, {"prlimit64", 2}};
    std::vector<policies::SyscallEntry> entries = policies::floor_entries({});
    for (const std::string_view name : policies::syscall_group_names())
        for (const policies::SyscallEntry& entry : policies::syscall_group(name).calls)
            entries.push_back(entry);
    for (const policies::SyscallEntry& entry : entries)
        for (const auto& argument : entry.arguments) {
            // what only i386 has is narrow by nature
            if (whole.contains({entry.name, argument.index}) ||
                !sandbox::syscall_number(sandbox::Architecture::kNative, entry.name))
                continue;
            EXPECT_LT(bits(entry.name, argument.index), 64U) << entry.name;
        }
}

/// Below it lie cells, which must not be kept from what a policy could give them.
TEST(ChamberFilter, RefusesNoCallThatAPolicyCanGive)
{
    using sandbox::Architecture;
    std::set<std::string> floor;
    for (const policies::FloorPart& part : policies::floor_parts())
        for (const policies::SyscallEntry& entry : part.group.calls)
            if (part.permission.empty()) floor.insert(entry.name);
    const auto program = sandbox::chamber_filter({.i386 = true, .below_floor = true});
    const std::string bytes(reinterpret_cast<const char*>(program.data()),
                            program.size() * sizeof program[0]);
    std::istringstream answers(sandbox::describe_seccomp(bytes));
    for (std::string line; std::getline(answers, line);) {
        if (line.find(": errno") == std::string::npos || line.starts_with('(')) continue;
        EXPECT_TRUE(floor.contains(line.substr(0, line.find(':')))) << line;
    }
}

TEST(ProfileFilter, IsTheSameInEveryProfile)
{
    const std::string usual = runner::compile_filter(policies::load_policy("default"));

    for (const std::string& name : policies::profile_names())
        EXPECT_EQ(runner::compile_filter(policies::load_policy(name)), usual) << name;
}

TEST(SeccompFilter, CompilesToTheSameProgram)
{
    using Compare = sandbox::ArgumentTest::Compare;
    SeccompFilter filter;
    for (const char* name : {"read", "write", "exit_group", "fchmodat2"})
        filter.rules.push_back({.name = name});
    filter.rules.push_back(
        {.name = "clone3", .action = SeccompRule::Action::kErrno, .error = ENOSYS});
    filter.rules.push_back({.name = "kexec_load", .action = SeccompRule::Action::kKill});
    // AF_UNIX of any type, AF_INET as a stream
    filter.rules.push_back({.name = "socket", .tests = {{.index = 0, .value = 1}}});
    filter.rules.push_back(
        {.name = "socket",
         .tests = {{.index = 0, .value = 2},
                   {.index = 1, .compare = Compare::kMaskedEqual, .value = 1, .mask = 15}}});
    // no namespace flag
    filter.rules.push_back(
        {.name = "clone",
         .tests = {
             {.index = 0, .compare = Compare::kMaskedEqual, .value = 0, .mask = 0x7e020000}}});

    testing::expect_golden("filter.x86_64.txt",
                           sandbox::disassemble_seccomp(sandbox::compile_seccomp(filter)));
}

#endif

} // namespace
} // namespace caisson
