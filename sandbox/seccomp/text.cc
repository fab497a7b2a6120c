#include "sandbox/seccomp/text.hh"

#include "sandbox/base/error.hh"
#include "sandbox/base/seccomp.hh"
#include "sandbox/seccomp/argument_ranges.hh"
#include "sandbox/seccomp/syscall_table.hh"
#include "sandbox/sys/kernel_abi.hh"

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <linux/seccomp.h>
#include <map>
#include <sstream>
#include <vector>

namespace caisson::sandbox {
namespace {

using Program = std::vector<sock_filter>;

Program read_program(std::string_view bytes)
{
    if (bytes.size() % sizeof(sock_filter) != 0)
        throw Error(ErrorKind::kInternal, "the system call filter was cut short");
    Program program(bytes.size() / sizeof(sock_filter));
    std::memcpy(program.data(), bytes.data(), bytes.size());
    return program;
}

std::string hex(std::uint32_t value)
{
    std::ostringstream text;
    text << std::hex << "0x" << value;
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
    case SECCOMP_RET_KILL_THREAD:
        return "kill thread";
    case SECCOMP_RET_TRAP:
        return "trap";
    case SECCOMP_RET_USER_NOTIF:
        return "ask the supervisor";
    case SECCOMP_RET_ERRNO: {
        const char* const name = ::strerrorname_np(static_cast<int>(data));
        return "errno " + std::to_string(data) +
               (name == nullptr ? "" : " (" + std::string(name) + ")");
    }
    default:
        return "action " + hex(value);
    }
}

// --- instructions ---

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
        return "load [" + hex(instruction.k) + "]";
    case BPF_RET:
        return "return " + verdict(instruction.k);
    case BPF_ALU:
        return "and " + hex(instruction.k);
    case BPF_JMP:
        if (BPF_OP(instruction.code) == BPF_JA)
            return "goto " + std::to_string(next + instruction.k);
        return "if " + comparison(instruction.code) + " " + hex(instruction.k) + " goto " +
               std::to_string(next + instruction.jt) + " else " +
               std::to_string(next + instruction.jf);
    default:
        return "code " + std::to_string(instruction.code) + " " + hex(instruction.k);
    }
}

// --- meanings ---

/// What was loaded: a word of the call's data, and the bits of it that were kept.
struct Operand {
    std::uint32_t offset = 0;
    std::uint32_t mask = UINT32_MAX;
    auto operator<=>(const Operand&) const = default;
};

std::string name_of(const Operand& operand)
{
    const auto place = operand.offset - static_cast<std::uint32_t>(offsetof(seccomp_data, args));
    std::string name = "argument " + std::to_string(place / sizeof(std::uint64_t));
    if (place % sizeof(std::uint64_t) != 0) name += "'s upper half";
    return operand.mask == UINT32_MAX ? name : "(" + name + " & " + hex(operand.mask) + ")";
}

std::optional<std::uint32_t> single_value(const ArgumentRanges& ranges)
{
    const auto& all = ranges.ranges();
    if (all.size() != 1 || all[0].first != all[0].last) return std::nullopt;
    return all[0].first;
}

std::string text_of(const Operand& operand, const ArgumentRanges& ranges)
{
    if (const auto value = single_value(ranges)) return name_of(operand) + " == " + hex(*value);
    if (const auto value = single_value(ranges.others()))
        return name_of(operand) + " != " + hex(*value);
    std::string text;
    for (const ArgumentRanges::Range& range : ranges.ranges()) {
        text += text.empty() ? "" : ", ";
        text += hex(range.first);
        if (range.last != range.first) text += ".." + hex(range.last);
    }
    return name_of(operand) + " in " + text;
}

/// What is known on one way through the program.
struct Way {
    std::size_t at = 0;
    Operand loaded;
    std::map<Operand, ArgumentRanges> known;
};

/// Follows every way that a call of one number can take.
class Walk {
public:
    Walk(const Program& program, std::uint32_t architecture, std::uint32_t number)
        : program_(program)
        , architecture_(architecture)
        , number_(number)
    {
        follow({});
    }

    /// Condition ("" where it always holds) and answer, in the order of the values.
    [[nodiscard]] const std::vector<std::pair<std::string, std::uint32_t>>& answers() const
    {
        return answers_;
    }

private:
    void follow(Way way)
    {
        for (;;) {
            const sock_filter& instruction = program_.at(way.at++);
            switch (BPF_CLASS(instruction.code)) {
            case BPF_LD:
                way.loaded = {.offset = instruction.k};
                break;
            case BPF_ALU:
                way.loaded.mask &= instruction.k;
                break;
            case BPF_RET:
                return end(way, instruction.k);
            default:
                if (BPF_OP(instruction.code) == BPF_JA)
                    way.at += instruction.k;
                else if (!take_side(way, instruction))
                    return;
            }
        }
    }

    /// Goes on in `way` on the side that the value is on. Where it may be on both, each is followed
    /// by itself.
    bool take_side(Way& way, const sock_filter& jump)
    {
        ArgumentRanges yes = ranges_where(jump);
        ArgumentRanges no = yes.others();
        if (const auto known = known_range(way)) {
            yes.keep_only(*known);
            no.keep_only(*known);
        }
        if (!yes.ranges().empty() && !no.ranges().empty()) {
            // in the order of the values
            const bool yes_first = yes.ranges().front().first < no.ranges().front().first;
            follow(side(way, yes_first ? yes : no, yes_first ? jump.jt : jump.jf));
            follow(side(way, yes_first ? no : yes, yes_first ? jump.jf : jump.jt));
            return false;
        }
        way.at += no.ranges().empty() ? jump.jt : jump.jf;
        return true;
    }

    static Way side(Way way, const ArgumentRanges& ranges, std::size_t distance)
    {
        way.known.insert_or_assign(way.loaded, ranges);
        way.at += distance;
        return way;
    }

    [[nodiscard]] std::optional<ArgumentRanges> known_range(const Way& way) const
    {
        if (way.loaded.offset == offsetof(seccomp_data, nr)) return exactly(number_);
        if (way.loaded.offset == offsetof(seccomp_data, arch)) return exactly(architecture_);
        const auto found = way.known.find(way.loaded);
        return found == way.known.end() ? std::nullopt : std::optional(found->second);
    }

    static ArgumentRanges exactly(std::uint32_t value)
    {
        return *ArgumentRanges::of({.value = value}, 32);
    }

    static ArgumentRanges ranges_where(const sock_filter& jump)
    {
        using Compare = ArgumentTest::Compare;
        Compare compare = Compare::kEqual;
        if (BPF_OP(jump.code) == BPF_JGT) compare = Compare::kGreater;
        if (BPF_OP(jump.code) == BPF_JGE) compare = Compare::kGreaterOrEqual;
        return *ArgumentRanges::of({.compare = compare, .value = jump.k}, 32);
    }

    void end(const Way& way, std::uint32_t answer)
    {
        std::string condition;
        for (const auto& [operand, ranges] : way.known)
            condition += (condition.empty() ? "" : ", ") + text_of(operand, ranges);
        answers_.emplace_back(condition, answer);
    }

    const Program& program_;
    std::uint32_t architecture_;
    std::uint32_t number_;
    std::vector<std::pair<std::string, std::uint32_t>> answers_;
};

/// The refusal that most ways end in: not worth a line each.
std::uint32_t usual_refusal(const std::vector<std::pair<std::string, std::uint32_t>>& answers)
{
    std::map<std::uint32_t, std::size_t> counts;
    for (const auto& [condition, answer] : answers)
        if (answer != SECCOMP_RET_ALLOW) ++counts[answer];
    const auto fewer = [](const auto& left, const auto& right) {
        return left.second < right.second;
    };
    return std::max_element(counts.begin(), counts.end(), fewer)->first;
}

void describe_call(const Program& program,
                   std::uint32_t architecture,
                   std::uint32_t number,
                   const std::string& name,
                   std::ostream& text)
{
    const Walk walk(program, architecture, number);
    const auto& answers = walk.answers();
    if (answers.size() == 1) {
        text << name << ": " << verdict(answers.front().second) << '\n';
        return;
    }
    const std::uint32_t usual = usual_refusal(answers);
    for (const auto& [condition, answer] : answers)
        if (answer != usual) text << name << ": " << condition << ": " << verdict(answer) << '\n';
    text << name << ": else: " << verdict(usual) << '\n';
}

void describe_architecture(const Program& program,
                           Architecture architecture,
                           std::uint32_t token,
                           std::ostream& text)
{
    std::map<std::string, std::uint32_t> calls;
    for (std::uint32_t number = 0; number <= sys::kNewestSystemCall; ++number)
        if (const auto name = syscall_name(architecture, number); !name.empty())
            calls.emplace(name, number);
    for (const auto& [name, number] : calls)
        describe_call(program, token, number, name, text);
    describe_call(program, token, sys::kNewestSystemCall + 1, "(newer than any known)", text);
    constexpr std::uint32_t kX32 = 0x40000000;
    if (architecture == Architecture::kNative) describe_call(program, token, kX32, "(x32)", text);
}

bool knows(const Program& program, std::uint32_t architecture)
{
    const Walk walk(program, architecture, 0);
    const auto& answers = walk.answers();
    return answers.size() != 1 || answers.front().second != SECCOMP_RET_KILL_PROCESS;
}

} // namespace

std::string disassemble_seccomp(std::string_view program)
{
    std::ostringstream text;
    std::size_t line = 0;
    for (const sock_filter& instruction : read_program(program)) {
        text.width(4);
        text << line << "  " << describe(instruction, line) << '\n';
        ++line;
    }
    return text.str();
}

std::string describe_seccomp(std::string_view bytes)
{
    const Program program = read_program(bytes);
    std::ostringstream text;
    describe_architecture(program, Architecture::kNative, kNativeArchitecture, text);
    if (knows(program, AUDIT_ARCH_I386)) {
        text << "\ni386\n";
        describe_architecture(program, Architecture::kI386, AUDIT_ARCH_I386, text);
    }
    return text.str();
}

} // namespace caisson::sandbox
