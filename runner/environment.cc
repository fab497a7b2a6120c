#include "runner/environment.hh"

#include <cstdlib>

namespace caisson::runner {
namespace {

namespace fs = std::filesystem;

fs::path base_directory(const char* name, const char* below_home)
{
    if (fs::path directory = variable(name); directory.is_absolute()) return directory;
    const fs::path home = variable("HOME");
    return home.is_absolute() ? home / below_home : fs::path();
}

} // namespace

std::string variable(const char* name)
{
    const char* value = std::getenv(name); // NOLINT(concurrency-mt-unsafe): nobody sets one
    return value == nullptr ? "" : value;
}

fs::path user_configuration()
{
    return base_directory("XDG_CONFIG_HOME", ".config");
}

fs::path user_data()
{
    return base_directory("XDG_DATA_HOME", ".local/share");
}

} // namespace caisson::runner
