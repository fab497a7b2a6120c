#include "sandbox/sys/other_process.hh"

#include <cerrno>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

namespace caisson::sandbox::sys {

bool read_memory(pid_t thread, std::uint64_t address, void* buffer, std::size_t size) noexcept
{
    const iovec here = {buffer, size};
    // NOLINTNEXTLINE(performance-no-int-to-ptr): an address of another process, in iovec's type
    const iovec there = {reinterpret_cast<void*>(address), size};
    return ::process_vm_readv(thread, &here, 1, &there, 1, 0) == static_cast<ssize_t>(size);
}

UniqueFd pidfd_open(pid_t process) noexcept
{
    return UniqueFd(static_cast<int>(::syscall(SYS_pidfd_open, process, 0)));
}

UniqueFd pidfd_getfd(int pidfd, int number) noexcept
{
    return UniqueFd(static_cast<int>(::syscall(SYS_pidfd_getfd, pidfd, number, 0)));
}

#if defined(__x86_64__)
int i386_setsockopt(
    int socket, int level, int option, const void* value, std::uint32_t size) noexcept
{
    long result = 366; // setsockopt of that table (Linux 4.3)
    asm volatile("int $0x80"
                 : "+a"(result)
                 : "b"(socket), "c"(level), "d"(option), "S"(value), "D"(size)
                 : "memory", "r8", "r9", "r10", "r11");
    return static_cast<int>(result);
}
#endif

} // namespace caisson::sandbox::sys
