// The one owner of libseccomp, of which we use the tables. Its filters are not for us: it has no
// word for numbers above the newest known, compares every argument in 64 bits, and where i386
// programs may call socket(2) it lets them call socketcall(2) with any family.
#include "sandbox/seccomp/syscall_table.hh"

#include "sandbox/base/error.hh"
#include "sandbox/sys/kernel_abi.hh"

#include <algorithm>
#include <cstdlib>
#include <map>
#include <seccomp.h>
#include <string>
#include <vector>

namespace caisson::sandbox {
namespace {

struct Table {
    std::vector<std::string> names; ///< by number; "" where there is no call
    std::map<std::string, std::uint32_t, std::less<>> numbers;

    void add(std::uint32_t number, std::string_view name)
    {
        names[number] = name;
        numbers.emplace(name, number);
    }
};

/// By number, not by name: to libseccomp the socket calls of i386 are below zero.
Table read_table(std::uint32_t token)
{
    Table table;
    table.names.resize(sys::kNewestSystemCall + 1);
    for (std::uint32_t number = 0; number <= sys::kNewestSystemCall; ++number) {
        char* const name = ::seccomp_syscall_resolve_num_arch(token, static_cast<int>(number));
        if (name == nullptr) continue;
        table.add(number, name);
        std::free(name); // NOLINT: libseccomp's own malloc
    }
    for (const auto& [name, number] : sys::kNewSystemCalls)
        if (table.names[static_cast<std::uint32_t>(number)].empty())
            table.add(static_cast<std::uint32_t>(number), name);
    return table;
}

const Table& table_of(Architecture architecture)
{
    static const Table kNative = [] {
        Table table = read_table(SCMP_ARCH_NATIVE);
        for (const auto& [name, number] : sys::kNewNativeSystemCalls)
            if (table.names[static_cast<std::uint32_t>(number)].empty())
                table.add(static_cast<std::uint32_t>(number), name);
        return table;
    }();
    if (architecture == Architecture::kNative) return kNative;
#if defined(__x86_64__)
    static const Table kI386 = read_table(SCMP_ARCH_X86);
    return kI386;
#else
    throw Error(ErrorKind::kInternal, "only x86-64 kernels have the calls of i386");
#endif
}

} // namespace

std::optional<std::uint32_t> syscall_number(Architecture architecture, std::string_view name)
{
    const Table& table = table_of(architecture);
    const auto found = table.numbers.find(name);
    return found == table.numbers.end() ? std::nullopt : std::optional(found->second);
}

std::string_view syscall_name(Architecture architecture, std::uint32_t number)
{
    const Table& table = table_of(architecture);
    return number < table.names.size() ? table.names[number] : std::string_view();
}

bool is_syscall(std::string_view name)
{
    if (syscall_number(Architecture::kNative, name)) return true;
    if (std::find(sys::kForeignSystemCalls.begin(), sys::kForeignSystemCalls.end(), name) !=
        sys::kForeignSystemCalls.end())
        return true;
    // a call of another architecture has a negative number here
    return ::seccomp_syscall_resolve_name(std::string(name).c_str()) != __NR_SCMP_ERROR;
}

} // namespace caisson::sandbox
