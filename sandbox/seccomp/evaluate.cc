#include "sandbox/seccomp/evaluate.hh"

#include "sandbox/base/error.hh"

#include <cstddef>
#include <cstring>

namespace caisson::sandbox {
namespace {

[[noreturn]] void refuse()
{
    throw Error(ErrorKind::kInternal, "the system call filter is no program of ours");
}

std::uint32_t load(const seccomp_data& call, std::uint32_t offset)
{
    if (offset > sizeof call - sizeof(std::uint32_t) || offset % sizeof(std::uint32_t) != 0)
        refuse();
    std::uint32_t word = 0;
    std::memcpy(&word, reinterpret_cast<const char*>(&call) + offset, sizeof word);
    return word;
}

bool holds(const sock_filter& jump, std::uint32_t accumulator)
{
    switch (BPF_OP(jump.code)) {
    case BPF_JEQ:
        return accumulator == jump.k;
    case BPF_JGT:
        return accumulator > jump.k;
    case BPF_JGE:
        return accumulator >= jump.k;
    case BPF_JSET:
        return (accumulator & jump.k) != 0;
    default:
        refuse();
    }
}

} // namespace

std::uint32_t evaluate_seccomp(std::span<const sock_filter> program, const seccomp_data& call)
{
    std::uint32_t accumulator = 0;
    // jumps lead forward only, so this ends
    for (std::size_t at = 0; at < program.size(); ++at) {
        const sock_filter& instruction = program[at];
        switch (instruction.code) {
        case BPF_LD | BPF_W | BPF_ABS:
            accumulator = load(call, instruction.k);
            break;
        case BPF_ALU | BPF_AND | BPF_K:
            accumulator &= instruction.k;
            break;
        case BPF_RET | BPF_K:
            return instruction.k;
        case BPF_JMP | BPF_JA:
            at += instruction.k;
            break;
        default:
            if (BPF_CLASS(instruction.code) != BPF_JMP || BPF_SRC(instruction.code) != BPF_K)
                refuse();
            at += holds(instruction, accumulator) ? instruction.jt : instruction.jf;
        }
    }
    refuse();
}

} // namespace caisson::sandbox
