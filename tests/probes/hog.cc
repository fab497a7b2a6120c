// Takes as much of something as it is told to, and says after each portion how much it has: what it
// said last is how far it got. Static, so that it runs in any tree.
#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <pthread.h>
#include <string>
#include <string_view>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <vector>

namespace {

constexpr std::size_t kPortion = 8U << 20;

[[noreturn]] void give_up(const char* call)
{
    std::printf("refused: %s: %s\n", call, std::strerror(errno));
    std::exit(3);
}

void tell(std::uint64_t taken)
{
    std::printf("%llu\n", static_cast<unsigned long long>(taken));
    (void)std::fflush(stdout);
}

void* map_pages(std::size_t bytes, int flags, int fd = -1)
{
    void* pages = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, flags, fd, 0);
    if (pages == MAP_FAILED) give_up("mmap");
    return pages;
}

void take_memory(std::uint64_t amount)
{
    for (std::uint64_t taken = 0; taken < amount; taken += kPortion, tell(taken))
        std::memset(map_pages(kPortion, MAP_PRIVATE | MAP_ANONYMOUS), 1, kPortion);
}

/// In files that no process maps.
void take_memfd(std::uint64_t amount)
{
    const std::vector<char> bytes(kPortion, 'x');
    const int file = ::memfd_create("hog", MFD_CLOEXEC);
    for (std::uint64_t taken = 0; taken < amount; taken += kPortion, tell(taken))
        if (::write(file, bytes.data(), bytes.size()) != static_cast<ssize_t>(bytes.size()))
            give_up("write");
}

/// Reads one page in every two megabytes: it is the page of zeros, which is nobody's, but the table
/// that leads to it takes a page.
void take_page_tables(std::uint64_t amount)
{
    constexpr std::size_t kPage = 4096;
    constexpr std::size_t kCovered = 2U << 20; // by one table
    constexpr std::size_t kAtOnce = kPortion / kPage;
    for (std::uint64_t taken = 0; taken < amount; taken += kPortion, tell(taken)) {
        auto* const pages = static_cast<volatile char*>(
            map_pages(kAtOnce * kCovered, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE));
        ::madvise(const_cast<char*>(pages), kAtOnce * kCovered, MADV_NOHUGEPAGE);
        for (std::size_t index = 0; index < kAtOnce; ++index)
            (void)pages[index * kCovered];
    }
}

/// Eight processes with the same pages: what each has in its tables is no measure of what they
/// take.
void share_memory(std::uint64_t amount)
{
    auto* const pages = static_cast<char*>(map_pages(amount, MAP_PRIVATE | MAP_ANONYMOUS));
    std::memset(pages, 1, amount);
    for (int child = 0; child < 8; ++child)
        if (::fork() == 0) {
            volatile char sum = 0;
            for (std::uint64_t at = 0; at < amount; at += 4096)
                sum = static_cast<char>(sum + pages[at]);
            ::usleep(700'000);
            ::_exit(0);
        }
    while (::wait(nullptr) > 0) {
    }
    tell(amount);
}

constexpr std::uint64_t kFile = 16 * kPortion; // several files: the size of one is another limit

/// Writes one of several files that have `amount` together; `taken` is what those before it have.
void fill(int file, std::uint64_t taken, std::uint64_t amount)
{
    const std::vector<char> bytes(kPortion, 'x');
    const std::uint64_t most = std::min(kFile, amount - taken);
    for (std::uint64_t size = 0; size < most; size += kPortion, tell(taken + size))
        if (::write(file, bytes.data(), bytes.size()) != static_cast<ssize_t>(bytes.size()))
            give_up("write");
}

int make_file(const char* path)
{
    const int file = ::open(path, O_CREAT | O_RDWR | O_CLOEXEC, 0600);
    if (file < 0) give_up("open");
    return file;
}

void take_disk(std::uint64_t amount)
{
    for (std::uint64_t taken = 0; taken < amount; taken += kFile)
        fill(make_file(("/full" + std::to_string(taken)).c_str()), taken, amount);
}

/// In files that were removed, and are open.
void take_nameless_disk(std::uint64_t amount)
{
    for (std::uint64_t taken = 0; taken < amount; taken += kFile) {
        const int file = make_file("/gone");
        ::unlink("/gone");
        fill(file, taken, amount);
    }
}

void take_files(std::uint64_t amount)
{
    ::mkdir("/many", 0700);
    for (std::uint64_t taken = 0; taken < amount; ++taken) {
        ::close(make_file(("/many/" + std::to_string(taken)).c_str()));
        if (taken % 256 == 0) tell(taken);
    }
}

/// A directory in a directory, far deeper than a path may be long, and the files at its end.
void take_deep_disk(std::uint64_t amount)
{
    for (int level = 0; level < 3000; ++level)
        if (::mkdir("d", 0700) != 0 || ::chdir("d") != 0) give_up("mkdir");
    for (std::uint64_t taken = 0; taken < amount; taken += kFile)
        fill(make_file(std::to_string(taken).c_str()), taken, amount);
}

void burn(std::chrono::milliseconds time)
{
    timespec now = {};
    do
        ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    while (std::chrono::seconds(now.tv_sec) + std::chrono::nanoseconds(now.tv_nsec) < time);
}

/// Ten seconds by two processes that each stay below any limit on one.
void take_cpu(std::uint64_t milliseconds)
{
    for (int child = 0; child < 2; ++child)
        if (::fork() == 0) {
            burn(std::chrono::milliseconds(milliseconds / 2));
            ::_exit(0);
        }
    while (::wait(nullptr) > 0) {
    }
}

/// The same by short-lived children that nobody waits for, so that their time is added to nobody's.
void take_cpu_unseen(std::uint64_t milliseconds)
{
    (void)::signal(SIGCHLD, SIG_IGN);
    for (std::uint64_t taken = 0; taken < milliseconds; taken += 100) {
        const pid_t child = ::fork();
        if (child == 0) {
            burn(std::chrono::milliseconds(100));
            ::_exit(0);
        }
        ::waitpid(child, nullptr, 0);
    }
}

/// Each process makes two, and those the same.
void take_processes(std::uint64_t)
{
    for (;;)
        if (::fork() < 0) ::usleep(1000);
}

void take_threads(std::uint64_t amount)
{
    pthread_t thread = {};
    for (std::uint64_t taken = 0; taken < amount;)
        if (::pthread_create(
                &thread,
                nullptr,
                [](void*) -> void* {
                    ::pause();
                    return nullptr;
                },
                nullptr) == 0)
            ++taken;
        else
            ::usleep(1000);
    ::pause();
}

struct Kind {
    std::string_view name;
    void (*take)(std::uint64_t amount);
};

constexpr std::array kKinds = {Kind{"memory", take_memory},
                               Kind{"memfd", take_memfd},
                               Kind{"page-tables", take_page_tables},
                               Kind{"shared-memory", share_memory},
                               Kind{"disk", take_disk},
                               Kind{"nameless-disk", take_nameless_disk},
                               Kind{"deep-disk", take_deep_disk},
                               Kind{"files", take_files},
                               Kind{"cpu", take_cpu},
                               Kind{"unseen-cpu", take_cpu_unseen},
                               Kind{"processes", take_processes},
                               Kind{"threads", take_threads}};

} // namespace

int main(int argc, char** argv)
{
    if (argc != 3) return 2;
    for (const Kind& kind : kKinds)
        if (kind.name == argv[1]) {
            kind.take(std::strtoull(argv[2], nullptr, 10));
            std::puts("done");
            return 0;
        }
    return 2;
}
