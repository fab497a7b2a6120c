#include "sandbox/base/log.hh"

#include "sandbox/base/text.hh"

#include <algorithm>
#include <string>
#include <unistd.h>

namespace caisson {

void say(std::string_view line)
{
    std::string whole = "caisson: ";
    while (!line.empty()) {
        // a name or a value in it may be a stranger's, and this goes to a terminal
        const std::size_t end = std::min(line.find('\n'), line.size());
        whole.append(printable(line.substr(0, end))).push_back('\n');
        line.remove_prefix(std::min(end + 1, line.size()));
    }
    // one write: lines of several threads do not mix. A closed standard error is no reason to fail.
    [[maybe_unused]] const ssize_t put = ::write(2, whole.data(), whole.size());
}

} // namespace caisson
