#include "sandbox/cell/report.hh"

#include "sandbox/base/error_wire.hh"
#include "sandbox/base/file.hh"

#include <nlohmann/json.hpp>
#include <string_view>
#include <unistd.h>

namespace caisson::sandbox {
namespace {

constexpr std::size_t kLongestReport = 1U << 18;

using nlohmann::json;

void write_line(int report, const json& line)
{
    // the name of a program may be any bytes
    write_all(report, line.dump(-1, ' ', false, json::error_handler_t::replace) + "\n");
}

} // namespace

void report_error(int report, const Error& error) noexcept
{
    const std::string line = "{\"error\":" + error_to_json(error) + "}\n";
    // nobody is left to tell if this fails; the chamber takes an empty report for a failure too
    [[maybe_unused]] const ssize_t put = ::write(report, line.data(), line.size());
}

void report_not_found(int report, int code, const std::string& detail)
{
    write_line(report, {{"not_found", code}, {"detail", detail}});
}

void report_ready(int report, int landlock_abi)
{
    write_line(report, {{"landlock_abi", landlock_abi}});
}

void report_status(int report, int status)
{
    write_line(report, {{"status", status}});
}

Report read_report(int report)
{
    const std::string text = read_all(report, kLongestReport, "the report of a cell");
    Report whole;
    for (std::size_t at = 0; at < text.size();) {
        const std::size_t end = std::min(text.find('\n', at), text.size());
        const json line = json::parse(std::string_view(text).substr(at, end - at));
        if (line.contains("error")) whole.error = error_from_json(line["error"].dump());
        if (line.contains("not_found")) whole.not_found = line["not_found"].get<int>();
        if (line.contains("detail")) whole.detail = line["detail"].get<std::string>();
        if (line.contains("landlock_abi")) {
            whole.ready = true;
            whole.landlock_abi = line["landlock_abi"].get<int>();
        }
        if (line.contains("status")) whole.status = line["status"].get<int>();
        at = end + 1;
    }
    return whole;
}

} // namespace caisson::sandbox
