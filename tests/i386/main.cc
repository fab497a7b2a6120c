// A program of a linux/386 image, as its libc makes them: socket(2) and its kin go through
// socketcall(2). Does what its first argument says and tells how that went: "ok" and what it found,
// or the number of the error.
//
// Plain C++ without its library: of a 32-bit one only libc is needed.
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/un.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

namespace {

int tell(long result)
{
    if (result >= 0)
        printf("ok %ld\n", result);
    else
        printf("%d\n", errno);
    return 0;
}

int number(char** words, int index)
{
    return static_cast<int>(strtol(words[index], nullptr, 0));
}

int wrong(const char* what)
{
    printf("wrong: %s\n", what);
    return 1;
}

int domain_of(int fd)
{
    int domain = -1;
    socklen_t size = sizeof domain;
    if (getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &size) != 0) return -1;
    return domain;
}

// --- ways to a socket ---

int by_libc(char** words)
{
    return tell(socket(number(words, 0), number(words, 1), number(words, 2)));
}

int by_direct_call(char** words)
{
    return tell(syscall(SYS_socket, number(words, 0), number(words, 1), number(words, 2)));
}

int by_subcall(char** words)
{
    return tell(syscall(SYS_socketcall, number(words, 0), strtoul(words[1], nullptr, 0)));
}

/// The other way in: a 64-bit code segment, from which `syscall` means the table of x86-64.
int by_64_bit_code(char** words)
{
    int32_t result = 41; // socket
    asm volatile("ljmp $0x33, $1f\n"
                 ".code64\n"
                 "1: syscall\n"
                 "   pushq $0x23\n"
                 "   leaq 2f(%%rip), %%rcx\n"
                 "   pushq %%rcx\n"
                 "   lretq\n"
                 ".code32\n"
                 "2:\n"
                 : "+a"(result)
                 : "D"(number(words, 0)), "S"(number(words, 1)), "d"(0)
                 : "ecx", "memory");
    if (result >= 0) return tell(result);
    errno = -result;
    return tell(-1);
}

int ring(char**)
{
    char parameters[256] = {};
    return tell(syscall(SYS_io_uring_setup, 4, parameters));
}

// --- what must go on working ---

int talk_over_loopback(char**)
{
    sockaddr_in address = {};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    sockaddr* const name = reinterpret_cast<sockaddr*>(&address);
    const int server = socket(AF_INET, SOCK_STREAM, 0);
    const int yes = 1;
    if (setsockopt(server, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes) != 0) return tell(-1);
    if (bind(server, name, size) != 0 || listen(server, 1) != 0) return tell(-1);
    if (getsockname(server, name, &size) != 0) return tell(-1);
    const int client = socket(AF_INET, SOCK_STREAM, 0);
    if (connect(client, name, size) != 0) return tell(-1);
    const int accepted = accept(server, nullptr, nullptr);
    if (send(client, "word", 4, 0) != 4) return tell(-1);
    char word[5] = {};
    if (recv(accepted, word, 4, 0) != 4 || strcmp(word, "word") != 0) return wrong("the word");
    return tell(0);
}

int talk_abstractly(char**)
{
    sockaddr_un address = {};
    address.sun_family = AF_UNIX;
    strcpy(address.sun_path + 1, "caisson-i386");
    const socklen_t size = offsetof(sockaddr_un, sun_path) + 13;
    sockaddr* const name = reinterpret_cast<sockaddr*>(&address);
    const int server = socket(AF_UNIX, SOCK_STREAM, 0);
    if (bind(server, name, size) != 0 || listen(server, 1) != 0) return tell(-1);
    return tell(connect(socket(AF_UNIX, SOCK_STREAM, 0), name, size));
}

int talk_in_a_pair(char**)
{
    int ends[2] = {-1, -1};
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) return tell(-1);
    char letter = 'x';
    if (write(ends[0], &letter, 1) != 1 || read(ends[1], &letter, 1) != 1) return tell(-1);
    ucred peer = {};
    socklen_t size = sizeof peer;
    if (getsockopt(ends[0], SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0) return tell(-1);
    if (peer.uid != geteuid() || peer.gid != getegid()) return wrong("the peer's ids");
    if ((fcntl(ends[0], F_GETFD) & FD_CLOEXEC) == 0) return wrong("no close-on-exec");
    const int kept = socket(AF_UNIX, SOCK_STREAM, 0);
    if ((fcntl(kept, F_GETFD) & FD_CLOEXEC) != 0) return wrong("close-on-exec");
    if ((fcntl(socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0), F_GETFL) & O_NONBLOCK) == 0)
        return wrong("no non-blocking");
    return tell(0);
}

/// A struct timeval of 32 bits each: read as one of 64 it would be another time.
int set_time_out(char**)
{
    const int fd = socket(AF_INET, SOCK_DGRAM, 0);
    const timeval wanted = {3, 500000};
    if (setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wanted, sizeof wanted) != 0) return tell(-1);
    timeval found = {};
    socklen_t size = sizeof found;
    if (getsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &found, &size) != 0) return tell(-1);
    if (found.tv_sec != 3) return wrong("the seconds");
    return tell(found.tv_usec / 100000);
}

int set_option(char** words)
{
    const int fd = socket(AF_INET, SOCK_STREAM, 0);
    char value[64] = "tls";
    return tell(setsockopt(fd, number(words, 0), number(words, 1), value, 4));
}

int set_option_of_what_is_no_socket(char**)
{
    const int yes = 1;
    return tell(setsockopt(open("/dev/null", O_RDWR), SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes));
}

int set_option_of_nothing(char**)
{
    const int yes = 1;
    return tell(setsockopt(77, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes));
}

void* set_option_in_a_thread(void*)
{
    const int fd = socket(AF_INET, SOCK_STREAM, 0);
    const int yes = 1;
    if (setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &yes, sizeof yes) != 0) return nullptr;
    int found = 0;
    socklen_t size = sizeof found;
    getsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &found, &size);
    return reinterpret_cast<void*>(found);
}

int use_threads(char**)
{
    pthread_t thread = {};
    void* result = nullptr;
    if (pthread_create(&thread, nullptr, set_option_in_a_thread, nullptr) != 0) return tell(-1);
    pthread_join(thread, &result);
    return result == nullptr ? wrong("not set") : tell(0);
}

int pair_into_read_only_memory(char**)
{
    void* const memory = mmap(nullptr, 4096, PROT_READ, MAP_SHARED, open("/bin/i386", O_RDONLY), 0);
    if (memory == MAP_FAILED) return wrong("no memory");
    return tell(socketpair(AF_UNIX, SOCK_STREAM, 0, static_cast<int*>(memory)));
}

int fill_the_table(char**)
{
    const rlimit few = {16, 16};
    setrlimit(RLIMIT_NOFILE, &few);
    int made = 0;
    while (socket(AF_UNIX, SOCK_STREAM, 0) >= 0)
        ++made;
    if (errno != EMFILE || made < 5) return tell(-1);
    close(5);
    return tell(socket(AF_UNIX, SOCK_STREAM, 0));
}

void on_alarm(int) {}

/// Signals that come while a call is with the supervisor.
int be_interrupted(char**)
{
    struct sigaction action = {};
    action.sa_handler = on_alarm;
    sigaction(SIGALRM, &action, nullptr);
    const itimerval often = {{0, 100}, {0, 100}};
    setitimer(ITIMER_REAL, &often, nullptr);
    for (int turn = 0; turn < 2000; ++turn) {
        int ends[2] = {-1, -1};
        if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends) != 0) {
            if (errno == EINTR) continue;
            return tell(-1);
        }
        if (ends[0] > 10 || ends[1] > 10) return wrong("descriptors are left behind");
        close(ends[0]);
        close(ends[1]);
    }
    return tell(0);
}

// --- the race ---

volatile uint32_t raced[3] = {AF_UNIX, SOCK_STREAM, 0};
volatile int family_to_race_for = 0;

void* swap_family(void*)
{
    for (;;) {
        raced[0] = AF_UNIX;
        raced[0] = static_cast<uint32_t>(family_to_race_for);
    }
}

/// One thread asks for a socket while another swaps the family in memory. What comes must be of
/// the family that was decided on, however long this goes on.
int race(char** words)
{
    constexpr int kEnough = 1000; // of each answer
    family_to_race_for = number(words, 0);
    const time_t end = time(nullptr) + number(words, 1);
    pthread_t thread = {};
    if (pthread_create(&thread, nullptr, swap_family, nullptr) != 0) return tell(-1);
    int made = 0;
    int refused = 0;
    while ((made < kEnough || refused < kEnough) && time(nullptr) < end) {
        const long fd = syscall(SYS_socketcall, 1, raced);
        if (fd < 0) {
            ++refused;
            continue;
        }
        ++made;
        if (domain_of(static_cast<int>(fd)) != AF_UNIX) return wrong("the race was won");
        close(static_cast<int>(fd));
    }
    if (made == 0 || refused == 0) return wrong("no race");
    return tell(0);
}

// --- the rest ---

int machine(char**)
{
    utsname name = {};
    uname(&name);
    printf("ok %s\n", name.machine);
    return 0;
}

int old_mmap(char**)
{
    const uint32_t words[6] = {0, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, ~0U, 0};
    long result = 90;
    asm volatile("int $0x80" : "+a"(result) : "b"(words) : "memory");
    if (result > -4096 && result < 0) {
        errno = static_cast<int>(-result);
        return tell(-1);
    }
    return tell(0);
}

/// Leaves the test time to end the supervisor.
int by_libc_later(char** words)
{
    sleep(2);
    return by_libc(words);
}

int start_program(char** words)
{
    execv(words[0], words);
    return tell(-1);
}

int wait_forever(char**)
{
    printf("ok\n");
    fflush(stdout);
    pause();
    return 0;
}

struct Deed {
    const char* name;
    int words;
    int (*run)(char** words);
};

constexpr Deed kDeeds[] = {
    {"socket", 3, by_libc},
    {"late-socket", 3, by_libc_later},
    {"direct", 3, by_direct_call},
    {"subcall", 2, by_subcall},
    {"64-bit", 2, by_64_bit_code},
    {"ring", 0, ring},
    {"loopback", 0, talk_over_loopback},
    {"abstract", 0, talk_abstractly},
    {"pair", 0, talk_in_a_pair},
    {"time-out", 0, set_time_out},
    {"option", 2, set_option},
    {"option-of-file", 0, set_option_of_what_is_no_socket},
    {"option-of-nothing", 0, set_option_of_nothing},
    {"threads", 0, use_threads},
    {"read-only", 0, pair_into_read_only_memory},
    {"full", 0, fill_the_table},
    {"interrupted", 0, be_interrupted},
    {"race", 2, race},
    {"machine", 0, machine},
    {"old-mmap", 0, old_mmap},
    {"start", 1, start_program},
    {"wait", 0, wait_forever},
};

} // namespace

int main(int argc, char** argv)
{
    for (const Deed& deed : kDeeds)
        if (argc > 1 && strcmp(deed.name, argv[1]) == 0 && argc - 2 >= deed.words)
            return deed.run(argv + 2);
    return wrong("there is no such deed");
}
