// The one owner of libseccomp, whose calls return -errno. It builds the decision tree; what it has
// no word for (a filter of one architecture that answers newer calls and x32 with ENOSYS) is put in
// front of its program.
#include "sandbox/seccomp_compile.hh"

#include "sandbox/base/error.hh"
#include "sandbox/base/file.hh"
#include "sandbox/base/seccomp.hh"
#include "sandbox/sys/kernel_abi.hh"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <memory>
#include <optional>
#include <seccomp.h>
#include <sstream>
#include <sys/mman.h>

namespace caisson::sandbox {
namespace {

constexpr std::size_t kLargestProgram = BPF_MAXINSNS * sizeof(sock_filter);

void check(int result, const std::string& call)
{
    if (result < 0) throw SysError(-result, call);
}

struct ReleaseContext {
    void operator()(void* context) const noexcept { ::seccomp_release(context); }
};
using Context = std::unique_ptr<void, ReleaseContext>;

Context make_context(int default_error)
{
    Context context(::seccomp_init(SCMP_ACT_ERRNO(static_cast<unsigned>(default_error))));
    if (!context) throw SysError(ENOMEM, "seccomp_init");
    check(::seccomp_attr_set(context.get(), SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS),
          "seccomp_attr_set(ACT_BADARCH)");
    // a binary tree over the numbers, not a list
    check(::seccomp_attr_set(context.get(), SCMP_FLTATR_CTL_OPTIMIZE, 2),
          "seccomp_attr_set(CTL_OPTIMIZE)");
    return context;
}

/// The number of `name`, or nothing where this architecture does not have the call.
std::optional<int> resolve(const std::string& name)
{
    const auto* const found = std::find_if(sys::kNewSystemCalls.begin(),
                                           sys::kNewSystemCalls.end(),
                                           [&](const auto& call) { return call.first == name; });
    if (found != sys::kNewSystemCalls.end()) return found->second;
    const int number = ::seccomp_syscall_resolve_name(name.c_str());
    if (number == __NR_SCMP_ERROR)
        throw Error(ErrorKind::kUsage, "unknown system call \"" + name + "\"");
    // libseccomp gives a call of other architectures a negative number
    return number < 0 ? std::nullopt : std::optional(number);
}

std::uint32_t action_of(const SeccompRule& rule)
{
    switch (rule.action) {
    case SeccompRule::Action::kAllow:
        return SCMP_ACT_ALLOW;
    case SeccompRule::Action::kErrno:
        return SCMP_ACT_ERRNO(static_cast<unsigned>(rule.error));
    case SeccompRule::Action::kKill:
        return SCMP_ACT_KILL_PROCESS;
    }
    throw Error(ErrorKind::kInternal, "a rule without an action");
}

scmp_arg_cmp to_libseccomp(const ArgumentTest& test)
{
    using Compare = ArgumentTest::Compare;
    scmp_arg_cmp comparison = {.arg = test.index, .op = SCMP_CMP_EQ, .datum_a = test.value};
    switch (test.compare) {
    case Compare::kEqual:
        break;
    case Compare::kNotEqual:
        comparison.op = SCMP_CMP_NE;
        break;
    case Compare::kLess:
        comparison.op = SCMP_CMP_LT;
        break;
    case Compare::kLessOrEqual:
        comparison.op = SCMP_CMP_LE;
        break;
    case Compare::kGreater:
        comparison.op = SCMP_CMP_GT;
        break;
    case Compare::kGreaterOrEqual:
        comparison.op = SCMP_CMP_GE;
        break;
    case Compare::kMaskedEqual:
        comparison = {.arg = test.index,
                      .op = SCMP_CMP_MASKED_EQ,
                      .datum_a = test.mask,
                      .datum_b = test.value};
        break;
    }
    return comparison;
}

void add_rule(const Context& context, const SeccompRule& rule, std::uint32_t default_action)
{
    const auto number = resolve(rule.name);
    const std::uint32_t action = action_of(rule);
    // libseccomp refuses a rule that says what the default says
    if (!number || action == default_action) return;
    std::vector<scmp_arg_cmp> comparisons;
    for (const ArgumentTest& test : rule.tests) {
        if (test.index > 5)
            throw Error(ErrorKind::kUsage, "\"" + rule.name + "\" has no such argument");
        comparisons.push_back(to_libseccomp(test));
    }
    check(::seccomp_rule_add_array(context.get(),
                                   action,
                                   *number,
                                   static_cast<unsigned>(comparisons.size()),
                                   comparisons.data()),
          "seccomp_rule_add \"" + rule.name + "\"");
}

std::string export_program(const Context& context)
{
    const UniqueFd file(::memfd_create("filter", MFD_CLOEXEC));
    if (!file) throw SysError(errno, "memfd_create");
    check(::seccomp_export_bpf(context.get(), file.get()), "seccomp_export_bpf");
    if (::lseek(file.get(), 0, SEEK_SET) < 0) throw SysError(errno, "lseek");
    return read_all(file.get(), kLargestProgram, "the filter");
}

constexpr sock_filter statement(unsigned code, std::uint32_t value)
{
    return {.code = static_cast<std::uint16_t>(code), .jt = 0, .jf = 0, .k = value};
}

constexpr sock_filter
jump(unsigned code, std::uint32_t value, std::uint8_t if_true, std::uint8_t if_false)
{
    return {.code = static_cast<std::uint16_t>(code), .jt = if_true, .jf = if_false, .k = value};
}

/// The architecture first: a number means another call elsewhere (int 0x80 on x86-64). Then ENOSYS
/// for what is newer than we know, so that a newer libc falls back as it would on an older kernel;
/// the x32 bit makes a number larger than any of those.
constexpr std::array kPrologue = {
    statement(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, arch)),
    jump(BPF_JMP | BPF_JEQ | BPF_K, kNativeArchitecture, 1, 0),
    statement(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
    statement(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
    jump(BPF_JMP | BPF_JGT | BPF_K, sys::kNewestSystemCall, 0, 1),
    statement(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS),
};

std::string operand(const sock_filter& instruction)
{
    std::ostringstream text;
    text << (BPF_MODE(instruction.code) == BPF_ABS ? "[" : "") << "0x" << std::hex << instruction.k
         << (BPF_MODE(instruction.code) == BPF_ABS ? "]" : "");
    return text.str();
}

std::string verdict(std::uint32_t value)
{
    const std::uint32_t data = value & SECCOMP_RET_DATA;
    switch (value & SECCOMP_RET_ACTION_FULL) {
    case SECCOMP_RET_ALLOW:
        return "allow";
    case SECCOMP_RET_KILL_PROCESS:
        return "kill process";
    case SECCOMP_RET_ERRNO:
        return "errno " + std::to_string(data);
    default:
        return "action " + std::to_string(value);
    }
}

std::string comparison(unsigned code)
{
    switch (BPF_OP(code)) {
    case BPF_JEQ:
        return "==";
    case BPF_JGT:
        return ">";
    case BPF_JGE:
        return ">=";
    case BPF_JSET:
        return "&";
    default:
        return "?";
    }
}

/// One instruction as text; jumps name the line they lead to.
std::string describe(const sock_filter& instruction, std::size_t line)
{
    const std::size_t next = line + 1;
    switch (BPF_CLASS(instruction.code)) {
    case BPF_LD:
        return "load " + operand(instruction);
    case BPF_RET:
        return "return " + verdict(instruction.k);
    case BPF_ALU:
        return "and " + operand(instruction);
    case BPF_JMP:
        if (BPF_OP(instruction.code) == BPF_JA)
            return "goto " + std::to_string(next + instruction.k);
        return "if " + comparison(instruction.code) + " " + operand(instruction) + " goto " +
               std::to_string(next + instruction.jt) + " else " +
               std::to_string(next + instruction.jf);
    default:
        return "code " + std::to_string(instruction.code) + " " + operand(instruction);
    }
}

} // namespace

std::string compile_seccomp(const SeccompFilter& filter)
{
    return in_context("compile the system call filter", [&] {
        const Context context = make_context(filter.default_error);
        const std::uint32_t default_action =
            SCMP_ACT_ERRNO(static_cast<unsigned>(filter.default_error));
        for (const SeccompRule& rule : filter.rules)
            add_rule(context, rule, default_action);
        std::string program(reinterpret_cast<const char*>(kPrologue.data()), sizeof kPrologue);
        program += export_program(context);
        if (program.size() > kLargestProgram)
            throw Error(ErrorKind::kUsage, "the filter is longer than the kernel takes");
        return program;
    });
}

std::string disassemble_seccomp(const std::string& program)
{
    std::ostringstream text;
    for (std::size_t line = 0; (line + 1) * sizeof(sock_filter) <= program.size(); ++line) {
        sock_filter instruction = {};
        std::memcpy(&instruction, program.data() + line * sizeof instruction, sizeof instruction);
        text.width(4);
        text << line << "  " << describe(instruction, line) << '\n';
    }
    return text.str();
}

} // namespace caisson::sandbox
