#include "sandbox/base/log.hh"

#include <string>
#include <unistd.h>

namespace caisson {

void say(std::string_view line)
{
    std::string whole = "caisson: ";
    whole.append(line).push_back('\n');
    // one write: lines of several threads do not mix. A closed standard error is no reason to fail.
    [[maybe_unused]] const ssize_t put = ::write(2, whole.data(), whole.size());
}

} // namespace caisson
