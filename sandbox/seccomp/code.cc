#include "sandbox/seccomp/code.hh"

#include "sandbox/base/error.hh"

#include <cstring>
#include <linux/seccomp.h>

namespace caisson::sandbox {
namespace {

using Compare = ArgumentTest::Compare;

constexpr std::size_t kFarthestJump = UINT8_MAX; // of a conditional one
constexpr std::uint32_t kWholeWord = UINT32_MAX;

constexpr sock_filter statement(unsigned code, std::uint32_t value)
{
    return {.code = static_cast<std::uint16_t>(code), .jt = 0, .jf = 0, .k = value};
}

constexpr sock_filter load(std::size_t offset)
{
    return statement(BPF_LD | BPF_W | BPF_ABS, static_cast<std::uint32_t>(offset));
}

sock_filter jump(unsigned test, std::uint32_t value, std::size_t if_true, std::size_t if_false)
{
    if (if_true > kFarthestJump || if_false > kFarthestJump)
        throw Error(ErrorKind::kUsage, "a rule has too many tests");
    return {.code = static_cast<std::uint16_t>(BPF_JMP | test | BPF_K),
            .jt = static_cast<std::uint8_t>(if_true),
            .jf = static_cast<std::uint8_t>(if_false),
            .k = value};
}

void append(Code& front, const Code& back)
{
    front.insert(front.end(), back.begin(), back.end());
}

bool is_same(const Code& left, const Code& right)
{
    return left.size() == right.size() &&
           std::memcmp(left.data(), right.data(), left.size() * sizeof(sock_filter)) == 0;
}

Code branch(unsigned test, std::uint32_t value, const Code& yes, const Code& no)
{
    Code code;
    if (yes.size() <= kFarthestJump)
        code = {jump(test, value, 0, yes.size())};
    else // the no is out of a conditional jump's reach: by way of an unconditional one
        code = {jump(test, value, 1, 0),
                statement(BPF_JMP | BPF_JA, static_cast<std::uint32_t>(yes.size()))};
    append(code, yes);
    append(code, no);
    return code;
}

Code tree(const std::vector<Span>& spans, std::size_t begin, std::size_t end)
{
    if (end - begin == 1) return spans[begin].code;
    const std::size_t middle = begin + (end - begin) / 2;
    return branch(
        BPF_JGE, spans[middle].first, tree(spans, middle, end), tree(spans, begin, middle));
}

// both architectures are little-endian
constexpr std::size_t low_word(unsigned index)
{
    return offsetof(seccomp_data, args) + index * sizeof(std::uint64_t);
}

constexpr std::size_t high_word(unsigned index)
{
    return low_word(index) + sizeof(std::uint32_t);
}

constexpr std::uint32_t lower(std::uint64_t value)
{
    return static_cast<std::uint32_t>(value);
}

constexpr std::uint32_t upper(std::uint64_t value)
{
    return static_cast<std::uint32_t>(value >> 32U);
}

constexpr std::uint32_t read_mask(unsigned bits)
{
    return bits == 16 ? std::uint32_t{UINT16_MAX} : kWholeWord;
}

} // namespace

Code return_code(std::uint32_t action)
{
    return {statement(BPF_RET | BPF_K, action)};
}

Code load_word(std::size_t offset, const Code& code)
{
    Code whole = {load(offset)};
    append(whole, code);
    return whole;
}

Code load_argument(unsigned index, unsigned bits, const Code& code)
{
    Code whole = {load(low_word(index))};
    if (read_mask(bits) != kWholeWord)
        whole.push_back(statement(BPF_ALU | BPF_AND | BPF_K, read_mask(bits)));
    append(whole, code);
    return whole;
}

Code branch_on_equal(std::uint32_t value, const Code& yes, const Code& no)
{
    return branch(BPF_JEQ, value, yes, no);
}

Code branch_on_value(std::vector<Span> spans)
{
    std::vector<Span> distinct;
    for (Span& span : spans)
        if (distinct.empty() || !is_same(distinct.back().code, span.code))
            distinct.push_back(std::move(span));
    return tree(distinct, 0, distinct.size());
}

// --- the tests of a rule ---

void TestLine::put_load(Test& test, std::size_t offset, std::uint32_t mask)
{
    test.push_back({load(offset)});
    if (mask != kWholeWord) test.push_back({statement(BPF_ALU | BPF_AND | BPF_K, mask)});
}

void TestLine::put_jump(
    Test& test, unsigned code, std::uint32_t value, Target if_true, Target if_false)
{
    test.push_back({jump(code, value, 0, 0), if_true, if_false});
}

void TestLine::add(unsigned index, unsigned bits, const ArgumentRanges& ranges)
{
    Test test;
    put_load(test, low_word(index), read_mask(bits));
    const auto& all = ranges.ranges();
    for (std::size_t at = 0; at < all.size(); ++at) {
        // they are in order: below one is outside of all that follow
        put_jump(test, BPF_JGE, all[at].first, Target::kNext, Target::kFail);
        put_jump(test,
                 BPF_JGT,
                 all[at].last,
                 at + 1 == all.size() ? Target::kFail : Target::kNext,
                 Target::kPass);
    }
    tests_.push_back(std::move(test));
}

void TestLine::put_masked(Test& test, const ArgumentTest& masked, unsigned bits)
{
    const bool equal = masked.compare == Compare::kMaskedEqual;
    const Target same = equal ? Target::kPass : Target::kFail;
    const Target other = equal ? Target::kFail : Target::kPass;
    if (bits == 64 && upper(masked.mask) != 0) {
        put_load(test, high_word(masked.index), upper(masked.mask));
        put_jump(test, BPF_JEQ, upper(masked.value), Target::kNext, other);
    }
    put_load(test, low_word(masked.index), lower(masked.mask) & read_mask(bits));
    put_jump(test, BPF_JEQ, lower(masked.value), same, other);
}

void TestLine::put_equality(Test& test, const ArgumentTest& wanted)
{
    const bool equal = wanted.compare == Compare::kEqual;
    const Target same = equal ? Target::kPass : Target::kFail;
    const Target other = equal ? Target::kFail : Target::kPass;
    put_load(test, high_word(wanted.index), kWholeWord);
    put_jump(test, BPF_JEQ, upper(wanted.value), Target::kNext, other);
    put_load(test, low_word(wanted.index), kWholeWord);
    put_jump(test, BPF_JEQ, lower(wanted.value), same, other);
}

void TestLine::put_order(Test& test, const ArgumentTest& wanted)
{
    const Compare compare = wanted.compare;
    const bool up = compare == Compare::kGreater || compare == Compare::kGreaterOrEqual;
    const Target above = up ? Target::kPass : Target::kFail;
    const Target below = up ? Target::kFail : Target::kPass;
    // > and <= part above the value, >= and < part at it
    const bool after = compare == Compare::kGreater || compare == Compare::kLessOrEqual;
    put_load(test, high_word(wanted.index), kWholeWord);
    put_jump(test, BPF_JGT, upper(wanted.value), above, Target::kNext);
    put_jump(test, BPF_JEQ, upper(wanted.value), Target::kNext, below);
    put_load(test, low_word(wanted.index), kWholeWord);
    put_jump(test, after ? BPF_JGT : BPF_JGE, lower(wanted.value), above, below);
}

void TestLine::add(const WordTest& word)
{
    Test test;
    switch (word.test.compare) {
    case Compare::kMaskedEqual:
    case Compare::kMaskedNotEqual:
        put_masked(test, word.test, word.bits);
        break;
    case Compare::kEqual:
    case Compare::kNotEqual:
        put_equality(test, word.test);
        break;
    default:
        put_order(test, word.test);
    }
    tests_.push_back(std::move(test));
}

Code TestLine::code(const Code& passed, const Code& failed) const
{
    std::size_t left = passed.size(); // instructions between a place and `failed`
    for (const Test& test : tests_)
        left += test.size();
    Code code;
    for (const Test& test : tests_)
        for (std::size_t at = 0; at < test.size(); ++at) {
            const Instruction& instruction = test[at];
            --left;
            const auto distance = [&](Target target) -> std::size_t {
                if (target == Target::kNext) return 0;
                return target == Target::kFail ? left : test.size() - at - 1;
            };
            sock_filter filter = instruction.filter;
            if (BPF_CLASS(filter.code) == BPF_JMP)
                filter = jump(BPF_OP(filter.code),
                              filter.k,
                              distance(instruction.if_true),
                              distance(instruction.if_false));
            code.push_back(filter);
        }
    append(code, passed);
    append(code, failed);
    return code;
}

} // namespace caisson::sandbox
