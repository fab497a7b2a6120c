#include "runner/progress/progress.hh"
#include "sandbox/base/text.hh"

#include <algorithm>

namespace caisson::runner {

std::string escape_output(std::string_view line)
{
    // a carriage return before the end is how progress bars redraw: only what would stay on the
    // line is shown
    while (line.ends_with('\r'))
        line.remove_suffix(1);
    if (const std::size_t redraw = line.rfind('\r'); redraw != std::string_view::npos)
        line.remove_prefix(redraw + 1);
    std::string out;
    const std::size_t start = line.find_first_not_of(" \t");
    if (start != std::string_view::npos && line.substr(start).starts_with("::")) {
        out.append(line.substr(0, start)).append("\\u{3a}"); // GitHub's commands start a line
        line.remove_prefix(start + 1);
    }
    while (!line.empty()) {
        const std::size_t end = std::min({line.find('\t'), line.find("##"), line.size()});
        out += printable(line.substr(0, end));
        line.remove_prefix(end);
        if (line.starts_with("##")) {
            out += "#\\u{23}"; // Azure looks for ##vso[ anywhere in a line
            line.remove_prefix(2);
        } else if (!line.empty()) {
            out += '\t'; // a tab moves nothing but the words after it
            line.remove_prefix(1);
        }
    }
    return out;
}

} // namespace caisson::runner
