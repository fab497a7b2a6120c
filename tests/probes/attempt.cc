#include "tests/probes/attempt.hh"

#include <cerrno>
#include <cstdarg>
#include <cstdio>
#include <cstring>

namespace caisson::probes {
namespace {

Finding finding(Result result, const char* format, std::va_list arguments)
{
    Finding made;
    made.result = result;
    (void)std::vsnprintf(made.detail.data(), made.detail.size(), format, arguments);
    return made;
}

const char* name_of_error(long answer)
{
    const char* name = ::strerrorname_np(static_cast<int>(-answer));
    return name != nullptr ? name : "an unknown error";
}

bool says_absent(long error)
{
    return error == ENOSYS || error == ENOENT || error == ENODEV || error == ENXIO ||
           error == EAFNOSUPPORT || error == EPROTONOSUPPORT;
}

} // namespace

Finding open_because(const char* format, ...)
{
    std::va_list arguments;
    va_start(arguments, format);
    const Finding made = finding(Result::kOpen, format, arguments);
    va_end(arguments);
    return made;
}

Finding refused_because(const char* format, ...)
{
    std::va_list arguments;
    va_start(arguments, format);
    const Finding made = finding(Result::kRefused, format, arguments);
    va_end(arguments);
    return made;
}

Finding absent_because(const char* format, ...)
{
    std::va_list arguments;
    va_start(arguments, format);
    const Finding made = finding(Result::kAbsent, format, arguments);
    va_end(arguments);
    return made;
}

Finding judge(long answer, const char* call)
{
    if (answer >= 0) return open_because("%s succeeded", call);
    if (says_absent(-answer)) return absent_because("%s: %s", call, name_of_error(answer));
    return refused_because("%s: %s", call, name_of_error(answer));
}

Finding judge_asking(long answer, const char* call)
{
    if (answer >= 0) return open_because("%s succeeded", call);
    if (answer == -ENOSYS) return absent_because("%s: ENOSYS", call);
    if (answer == -EPERM || answer == -EACCES)
        return refused_because("%s: %s", call, name_of_error(answer));
    return open_because("%s passes the check and ends in %s", call, name_of_error(answer));
}

} // namespace caisson::probes
