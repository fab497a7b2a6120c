#include "tests/probes/ring.hh"

#include "tests/probes/kernel.hh"

#include <atomic>
#include <cstring>
#include <linux/io_uring.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace caisson::probes {
namespace {

char* map(long ring, std::size_t size, off_t what)
{
    void* const memory = ::mmap(nullptr,
                                size,
                                PROT_READ | PROT_WRITE,
                                MAP_SHARED | MAP_POPULATE,
                                static_cast<int>(ring),
                                what);
    return memory == MAP_FAILED ? nullptr : static_cast<char*>(memory);
}

unsigned& word_at(char* memory, unsigned offset)
{
    return *reinterpret_cast<unsigned*>(memory + offset);
}

} // namespace

long run_on_ring(const RingOperation& operation)
{
    io_uring_params parameters = {};
    const long ring = call(SYS_io_uring_setup, 4, &parameters);
    if (ring < 0) return ring;
    constexpr std::size_t kSize = 4096;
    char* const submissions = map(ring, kSize, IORING_OFF_SQ_RING);
    char* const completions = map(ring, kSize, IORING_OFF_CQ_RING);
    auto* const entries = reinterpret_cast<io_uring_sqe*>(map(ring, kSize, IORING_OFF_SQES));
    if (submissions == nullptr || completions == nullptr || entries == nullptr) return -ENOMEM;

    entries[0] = {};
    entries[0].opcode = operation.code;
    entries[0].fd = operation.fd;
    entries[0].addr = operation.address;
    entries[0].off = operation.offset;
    entries[0].len = operation.length;
    entries[0].open_flags = operation.flags;
    word_at(submissions, parameters.sq_off.array) = 0;
    std::atomic_ref(word_at(submissions, parameters.sq_off.tail)).store(1);

    const long entered = call(SYS_io_uring_enter, ring, 1, 1, IORING_ENTER_GETEVENTS, nullptr, 0);
    if (entered < 0) return entered;
    const auto* const answer =
        reinterpret_cast<const io_uring_cqe*>(completions + parameters.cq_off.cqes);
    return answer->res;
}

} // namespace caisson::probes
