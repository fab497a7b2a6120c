#include "tests/cell/processes.hh"

#include <filesystem>
#include <fstream>
#include <sstream>
#include <unistd.h>

namespace caisson::sandbox::testing {
namespace {

bool is_below_us(pid_t process)
{
    while (process > 1) {
        const std::string parent = status_of(process, "PPid");
        process = parent.empty() ? 0 : std::stoi(parent);
        if (process == ::getpid()) return true;
    }
    return false;
}

} // namespace

std::string status_of(pid_t process, const std::string& field)
{
    std::ifstream status("/proc/" + std::to_string(process) + "/status");
    for (std::string line; std::getline(status, line);)
        if (line.starts_with(field + ":\t")) return line.substr(field.size() + 2);
    return {};
}

std::vector<pid_t> processes_below_us()
{
    std::vector<pid_t> found;
    for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
        const std::string name = entry.path().filename();
        if (name.find_first_not_of("0123456789") != std::string::npos) continue;
        if (const pid_t process = std::stoi(name); is_below_us(process)) found.push_back(process);
    }
    return found;
}

PidDepth pid_depth_of(pid_t process)
{
    PidDepth found;
    std::istringstream numbers(status_of(process, "NSpid"));
    while (numbers >> found.innermost)
        ++found.depth;
    return found;
}

} // namespace caisson::sandbox::testing
