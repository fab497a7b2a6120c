#include "tests/e2e/killed_build.hh"

#include <array>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <gmock/gmock.h>

namespace caisson::testing {
namespace {

using namespace std::chrono_literals;
using ::testing::AnyOf;
using ::testing::Each;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::UnorderedElementsAre;

void add_descendants(pid_t process, std::vector<pid_t>& found)
{
    std::error_code gone;
    const std::filesystem::path tasks = "/proc/" + std::to_string(process) + "/task";
    for (const auto& task : std::filesystem::directory_iterator(tasks, gone)) {
        std::ifstream children(task.path() / "children");
        for (pid_t child = 0; children >> child;) {
            found.push_back(child);
            add_descendants(child, found);
        }
    }
}

} // namespace

std::string name_of(pid_t process)
{
    std::ifstream file("/proc/" + std::to_string(process) + "/comm");
    std::string line;
    std::getline(file, line);
    return line;
}

std::vector<pid_t> processes_of_build(pid_t runner)
{
    std::vector<pid_t> found = {runner};
    add_descendants(runner, found);
    return found;
}

Watchdog::Watchdog(pid_t build)
    : thread_([this, build] {
        for (int tries = 0; tries < 1500 && !done_; ++tries)
            std::this_thread::sleep_for(20ms);
        if (!done_) {
            ADD_FAILURE() << "the build went on for 30 s";
            ::kill(build, SIGKILL);
        }
    })
{}

Watchdog::~Watchdog()
{
    done_ = true;
    thread_.join();
}

KilledBuild::KilledBuild()
{
    work_.add_busybox();
    work_.write("Dockerfile",
                Workspace::busybox_root() +
                    "RUN i=0; while [ $i -lt 20 ]; do echo $i > /f$i; i=$((i+1)); done\n"
                    "RUN sleep 0.1\nCOPY busybox /again\nRUN sleep 0.1; echo end > /end\n");
}

Program KilledBuild::start(const std::string& output) const
{
    std::filesystem::remove_all(this->output().parent_path());
    std::filesystem::create_directory(this->output().parent_path());
    const UniqueFd said = open_file(work_.path("said"), O_WRONLY | O_CREAT | O_TRUNC, 0644);
    return work_.start(
        {"build", "--no-cache", "-o", output + ",dest=" + this->output().native(), work_.context()},
        said.get());
}

void KilledBuild::expect_all_or_nothing(bool hit, int exit) const
{
    if (!hit)
        EXPECT_EQ(exit, 0);
    else
        EXPECT_THAT(exit, AnyOf(0, 1, 5, 128 + SIGKILL))
            << "no bug of caisson's: " << read_file(work_.path("said"), 1U << 20);
    const bool image = std::filesystem::exists(output());
    const bool attestation = std::filesystem::exists(output().native() + ".sigstore.json");
    if (exit == 128 + SIGKILL)
        EXPECT_TRUE(attestation || !image);
    else
        EXPECT_THAT((std::array{image, attestation}), Each(exit == 0));
    EXPECT_THAT(left_after(work_), IsEmpty());
    EXPECT_THAT(read_file("/proc/self/mountinfo", 1U << 24), Not(HasSubstr(work_.path().native())));
}

void KilledBuild::expect_whole()
{
    testing::expect_whole(work_);
    Program next =
        work_.start({"build", "-o", "type=tar,dest=" + output().native(), work_.context()});
    EXPECT_EQ(next.wait(), 0);
    std::vector<std::string> left;
    for (const auto& entry : std::filesystem::directory_iterator(output().parent_path()))
        left.push_back(entry.path().filename());
    EXPECT_THAT(left, UnorderedElementsAre("never", "never.sigstore.json"));
}

} // namespace caisson::testing
