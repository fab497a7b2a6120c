// The host's clocks and names. What can be set is set to what it is.
#include "tests/probes/areas.hh"
#include "tests/probes/kernel.hh"

#include <array>
#include <cstring>
#include <ctime>
#include <fcntl.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/timex.h>
#include <sys/utsname.h>

namespace caisson::probes {
namespace {

Finding set_clock()
{
    timespec now = {};
    call(SYS_clock_gettime, CLOCK_REALTIME, &now);
    return judge(call(SYS_clock_settime, CLOCK_REALTIME, &now), "clock_settime");
}

Finding set_time_of_day()
{
    timeval now = {};
    call(SYS_gettimeofday, &now, nullptr);
    return judge(call(SYS_settimeofday, &now, nullptr), "settimeofday");
}

Finding adjust(long number, long clock)
{
    timex state = {};
    if (number == SYS_adjtimex)
        call(number, &state);
    else
        call(number, clock, &state);
    state.modes = ADJ_TICK;
    const long answer = number == SYS_adjtimex ? call(number, &state) : call(number, clock, &state);
    return judge(answer, "adjtimex");
}

Finding set_by_i386()
{
    constexpr long kStime = 25;
    auto* const now = static_cast<std::int32_t*>(low_page());
    if (now == nullptr) return absent_because("no memory below 4 GiB");
    *now = -1; // before 1970: EINVAL behind CAP_SYS_TIME
    return judge_asking(call_i386(kStime, now), "i386 stime");
}

Finding name_host()
{
    utsname names = {};
    call(SYS_uname, &names);
    return judge(call(SYS_sethostname, names.nodename, std::strlen(names.nodename)), "sethostname");
}

Finding name_domain()
{
    utsname names = {};
    call(SYS_uname, &names);
    return judge(call(SYS_setdomainname, names.domainname, std::strlen(names.domainname)),
                 "setdomainname");
}

constexpr Attempt kAttempts[] = {
    {"clock.settime",
     Severity::kMust,
     kCheap,
     "CAP_SYS_TIME: the host's clock, and every certificate's end",
     set_clock},
    {"clock.settimeofday", Severity::kMust, kCheap, "the same", set_time_of_day},
    {"clock.adjtimex",
     Severity::kMust,
     kCheap,
     "the same, slowly",
     [] { return adjust(SYS_adjtimex, 0); }},
    {"clock.adjtime",
     Severity::kMust,
     kCheap,
     "the same by clock",
     [] { return adjust(SYS_clock_adjtime, CLOCK_REALTIME); }},
    {"clock.stime_i386", Severity::kMust, 0, "the same by the i386 table", set_by_i386},
    {"name.host", Severity::kMust, kCheap, "CAP_SYS_ADMIN: the host's name", name_host},
    {"name.domain", Severity::kMust, kCheap, "CAP_SYS_ADMIN: the host's domain", name_domain},
};

} // namespace

std::span<const Attempt> clock_attempts()
{
    return kAttempts;
}

} // namespace caisson::probes
