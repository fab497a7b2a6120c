#pragma once

#include "sandbox/seccomp/argument_ranges.hh"

#include <cstddef>
#include <cstdint>
#include <linux/filter.h>
#include <vector>

namespace caisson::sandbox {

/// A piece of a BPF program in which every path ends in a return: pieces are put together by
/// putting one behind the other.
using Code = std::vector<sock_filter>;

/// `return action`, where action is SECCOMP_RET_….
[[nodiscard]] Code return_code(std::uint32_t action);
/// Loads the 32-bit word at `offset` of struct seccomp_data, then runs `code`.
[[nodiscard]] Code load_word(std::size_t offset, const Code& code);
/// Loads as much of an argument's low word as the kernel reads (16, 32 or 64 bits of it all), then
/// runs `code`.
[[nodiscard]] Code load_argument(unsigned index, unsigned bits, const Code& code);
/// `yes` where the accumulator is `value`, else `no`.
[[nodiscard]] Code branch_on_equal(std::uint32_t value, const Code& yes, const Code& no);

/// The code for the values from `first` to below the next span's.
struct Span {
    std::uint32_t first = 0;
    Code code;
};
/// A binary tree over the accumulator's value. The first span begins at 0; neighbours with the same
/// code become one.
[[nodiscard]] Code branch_on_value(std::vector<Span> spans);

/// A test of an argument that is no range of its low word.
struct WordTest {
    ArgumentTest test;
    unsigned bits = 64; ///< of the argument, as the kernel reads it
};

/// The tests of one rule in line: where one fails, `failed` runs, and `passed` where none does.
class TestLine {
public:
    void add(unsigned index, unsigned bits, const ArgumentRanges& ranges);
    void add(const WordTest& word);
    [[nodiscard]] Code code(const Code& passed, const Code& failed) const;

private:
    enum class Target { kNext, kPass, kFail };
    struct Instruction {
        sock_filter filter = {};
        Target if_true = Target::kNext;
        Target if_false = Target::kNext;
    };
    using Test = std::vector<Instruction>;

    static void put_load(Test& test, std::size_t offset, std::uint32_t mask);
    static void
    put_jump(Test& test, unsigned code, std::uint32_t value, Target if_true, Target if_false);
    static void put_masked(Test& test, const ArgumentTest& masked, unsigned bits);
    static void put_equality(Test& test, const ArgumentTest& wanted);
    static void put_order(Test& test, const ArgumentTest& wanted);

    std::vector<Test> tests_;
};

} // namespace caisson::sandbox
