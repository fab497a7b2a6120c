#include "tests/escape/outside.hh"

#include <fstream>

namespace caisson::testing {

namespace fs = std::filesystem;

Outside::Outside(const Workspace& work)
    : directory_(work.path("outside"))
{
    restore();
    state_ = state();
}

void Outside::restore() const
{
    fs::remove_all(directory_);
    fs::create_directories(directory_ / "empty");
    std::ofstream(directory_ / "secret") << kSecret << "\n";
    std::ofstream(directory_ / "canary") << "alive\n";
    fs::permissions(directory_ / "canary", fs::perms(0600));
    // a time of its own, so that a touch shows
    (void)shell("find '" + directory_.native() + "' -exec touch -h -d @1000000000 {} +");
}

bool Outside::is_untouched() const
{
    return state() == state_;
}

std::string Outside::state() const
{
    return shell("cd '" + directory_.native() +
                 "' && find . -printf '%p %y %m %U %G %T@ %l\\n' | sort && cat secret canary")
        .out;
}

} // namespace caisson::testing
