#include "tests/probes/kernel.hh"

#include <sys/mman.h>

namespace caisson::probes {

long raw_call(long number, long a, long b, long c, long d, long e, long f)
{
    long answer = number;
    register long r10 asm("r10") = d;
    register long r8 asm("r8") = e;
    register long r9 asm("r9") = f;
    asm volatile("syscall"
                 : "+a"(answer)
                 : "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
                 : "rcx", "r11", "memory");
    return answer;
}

long raw_call_i386(long number,
                   std::uint32_t a,
                   std::uint32_t b,
                   std::uint32_t c,
                   std::uint32_t d,
                   std::uint32_t e)
{
    long answer = number;
    // the kernel may clear r8 to r11 on this way in (arch/x86/entry/entry_64_compat.S)
    asm volatile("int $0x80"
                 : "+a"(answer)
                 : "b"(a), "c"(b), "d"(c), "S"(d), "D"(e)
                 : "r8", "r9", "r10", "r11", "memory");
    return static_cast<int>(answer);
}

void* low_page()
{
    void* const page = ::mmap(
        nullptr, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
    return page == MAP_FAILED ? nullptr : page;
}

} // namespace caisson::probes
