#pragma once
// System calls past libc, by each of the ways into an x86-64 kernel: what libc refuses to pass on
// is not refused, and a filter that looks at one way only has three holes.

#include <cstddef>
#include <cstdint>
#include <type_traits>

namespace caisson::probes {

/// The kernel's own convention: the answer, or minus the error number.
long raw_call(long number, long a, long b, long c, long d, long e, long f);

/// `int $0x80`: the i386 table, 32-bit arguments, whatever the program was compiled for.
long raw_call_i386(long number,
                   std::uint32_t a,
                   std::uint32_t b,
                   std::uint32_t c,
                   std::uint32_t d,
                   std::uint32_t e);

template<class T>
long word(T value)
{
    if constexpr (std::is_null_pointer_v<T>)
        return 0;
    else if constexpr (std::is_pointer_v<T>)
        return reinterpret_cast<long>(value);
    else
        return static_cast<long>(value);
}

template<class... Arguments>
long call(long number, Arguments... arguments)
{
    static_assert(sizeof...(arguments) <= 6);
    const long words[7] = {word(arguments)..., 0};
    return raw_call(number, words[0], words[1], words[2], words[3], words[4], words[5]);
}

/// The x32 table: the native entry with bit 30 set (asm/unistd_x32.h).
template<class... Arguments>
long call_x32(long number, Arguments... arguments)
{
    constexpr long kX32 = 0x40000000;
    return call(number | kX32, arguments...);
}

template<class... Arguments>
long call_i386(long number, Arguments... arguments)
{
    static_assert(sizeof...(arguments) <= 5);
    const std::uint32_t words[6] = {static_cast<std::uint32_t>(word(arguments))..., 0};
    return raw_call_i386(number, words[0], words[1], words[2], words[3], words[4]);
}

/// A page below 4 GiB, where an i386 call can point to; given back with the process.
void* low_page();

} // namespace caisson::probes
