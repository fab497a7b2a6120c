// Memory that no limit counts, and faults that user space answers.
#include "tests/probes/areas.hh"
#include "tests/probes/kernel.hh"
#include "tests/probes/surroundings.hh"

#include <array>
#include <cerrno>
#include <cstdint>
#include <fcntl.h>
#include <linux/mempolicy.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/shm.h>
#include <sys/syscall.h>

namespace caisson::probes {
namespace {

constexpr std::size_t kHugePage = 2U << 20U;

Finding fault(int flags)
{
    return judge(call(SYS_userfaultfd, flags), "userfaultfd");
}

/// Of a size that there is not: EINVAL from whoever looks for it. Of a real size an empty pool says
/// ENOMEM, and so may a filter.
Finding map_huge_pages()
{
    constexpr unsigned kEightKibibytes = 13U << 26U; // MAP_HUGE_SHIFT
    const long answer = call(SYS_mmap,
                             0,
                             kHugePage,
                             PROT_READ | PROT_WRITE,
                             MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB | kEightKibibytes,
                             -1,
                             0);
    return answer == -EINVAL ? open_because("mmap(MAP_HUGETLB) looks for pages of that size")
                             : refused_because("mmap(MAP_HUGETLB): %ld", -answer);
}

Finding make_huge_file()
{
    constexpr unsigned kHugeTlb = 4; // MFD_HUGETLB
    return judge(call(SYS_memfd_create, "caisson-probe", kHugeTlb), "memfd_create");
}

Finding make_huge_segment()
{
    constexpr int kHugeTlb = 04000; // SHM_HUGETLB
    const long segment = call(SYS_shmget, IPC_PRIVATE, kHugePage, IPC_CREAT | kHugeTlb | 0600);
    if (segment >= 0) call(SYS_shmctl, segment, IPC_RMID, nullptr);
    // the empty pool alone says so
    return segment == -ENOMEM ? open_because("shmget(SHM_HUGETLB) looks for pages")
                              : judge(segment, "shmget(SHM_HUGETLB)");
}

Finding set_policy()
{
    return judge(call(SYS_set_mempolicy, MPOL_DEFAULT, nullptr, 0), "set_mempolicy");
}

Finding bind_memory()
{
    alignas(4096) static std::array<char, 4096> page = {};
    return judge(call(SYS_mbind, page.data(), page.size(), MPOL_DEFAULT, nullptr, 0, 0), "mbind");
}

Finding migrate_own_pages()
{
    const unsigned long node = 1;
    return judge(call(SYS_migrate_pages, 0, 2, &node, &node), "migrate_pages");
}

Finding find_own_pages()
{
    static char here = 1;
    void* const page = &here;
    int status = 0;
    return judge(call(SYS_move_pages, 0, 1, &page, nullptr, &status, 0), "move_pages");
}

Finding merge_page()
{
    alignas(4096) static std::array<char, 4096> page = {};
    constexpr int kMergeable = 12; // MADV_MERGEABLE
    const long answer = call(SYS_madvise, page.data(), page.size(), kMergeable);
    if (answer == 0) call(SYS_madvise, page.data(), page.size(), kMergeable + 1);
    return judge(answer, "madvise(MADV_MERGEABLE)");
}

Finding merge_all_pages()
{
    constexpr int kSetMemoryMerge = 67; // PR_SET_MEMORY_MERGE, Linux 6.4
    const long answer = call(SYS_prctl, kSetMemoryMerge, 1, 0, 0, 0);
    if (answer == 0) call(SYS_prctl, kSetMemoryMerge, 0, 0, 0, 0);
    return judge(answer, "prctl(PR_SET_MEMORY_MERGE)");
}

/// What part of a file others have read lately: of a layer that builds share, the other builds.
Finding ask_what_is_cached()
{
    constexpr long kCachestat = 451; // Linux 6.5
    const int file = open_scratch_file();
    if (file < 0) return absent_because("there is no place for a file");
    const std::array<std::uint64_t, 2> range = {0, 4096};
    std::array<std::uint64_t, 5> pages = {};
    return judge(call(kCachestat, file, range.data(), pages.data(), 0), "cachestat");
}

constexpr Attempt kAttempts[] = {
    {"memory.userfaultfd",
     Severity::kShould,
     kCheap,
     "a fault in the kernel can be held up for an exploit's race",
     [] { return fault(0); }},
    {"memory.userfaultfd_user_mode",
     Severity::kShould,
     kCheap,
     "the same for faults of user space alone",
     [] { return fault(1); }},
    {"memory.map_huge_pages",
     Severity::kShould,
     kCheap,
     "huge pages are not in a memory limit",
     map_huge_pages},
    {"memory.huge_file", Severity::kShould, kCheap, "the same by memfd_create", make_huge_file},
    {"memory.huge_segment", Severity::kShould, kCheap, "the same by shmget", make_huge_segment},
    {"memory.set_policy",
     Severity::kShould,
     kCheap,
     "where memory comes from: kernel code that few look at",
     set_policy},
    {"memory.bind", Severity::kShould, kCheap, "the same for a range", bind_memory},
    {"memory.migrate_pages", Severity::kShould, kCheap, "pages move", migrate_own_pages},
    {"memory.merge_page",
     Severity::kShould,
     kCheap,
     "what other tenants have in memory, by the time a write takes (CVE-2015-2877)",
     merge_page},
    {"memory.merge_all_pages", Severity::kShould, kCheap, "the same by prctl", merge_all_pages},
    {"memory.cached_part",
     Severity::kShould,
     kCheap,
     "what others have read of a file",
     ask_what_is_cached},
    {"memory.move_pages", Severity::kShould, kCheap, "where one's pages lie", find_own_pages},
};

} // namespace

std::span<const Attempt> memory_attempts()
{
    return kAttempts;
}

} // namespace caisson::probes
