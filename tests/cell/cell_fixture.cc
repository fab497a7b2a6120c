#include "tests/cell/cell_fixture.hh"

#include "sandbox/base/error.hh"
#include "sandbox/base/program.hh"
#include "sandbox/features.hh"
#include "sandbox/seccomp/compile.hh"
#include "sandbox/sys/kernel_abi.hh"
#include "tests/support/paths.hh"
#include "tests/support/probe.hh"
#include "tests/support/require.hh"

#include <atomic>
#include <cstdlib>
#include <fcntl.h>
#include <seccomp.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <thread>
#include <unistd.h>

namespace caisson::sandbox::testing {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMostOutput = 1U << 26;
constexpr const char* kBusybox = "/bin/busybox";

UniqueFd make_filter()
{
    SeccompFilter filter;
    for (int number = 0; number <= static_cast<int>(sys::kNewestSystemCall); ++number) {
        char* const name = ::seccomp_syscall_resolve_num_arch(SCMP_ARCH_NATIVE, number);
        if (name == nullptr) continue;
        filter.rules.push_back({.name = name});
        std::free(name); // NOLINT: libseccomp's own malloc
    }
    return make_sealed_memfd("filter", compile_seccomp(filter));
}

void write_entry(const fs::path& root, const std::string& path, const std::string& content)
{
    if (path.ends_with('/')) {
        fs::create_directories(root / path);
        return;
    }
    const fs::path target = root / path;
    fs::create_directories(target.parent_path());
    if (content.starts_with("->")) return fs::create_symlink(content.substr(2), target);
    write_file_atomically(target, content, 0755);
}

} // namespace

struct CellTest::Shared {
    TempDirectory directory{fs::temp_directory_path(), "caisson-cell-"};
    caisson::testing::LaidBait bait;
    UniqueFd trees;
    UniqueFd filter = make_filter();
    std::unique_ptr<Chamber> chamber;
    std::atomic<int> uppers = 0;

    explicit Shared(const ChamberScope& scope)
    {
        fs::create_directory(directory.path() / "trees");
        trees = open_file(directory.path() / "trees", O_RDONLY | O_DIRECTORY);
        const mode_t usual = ::umask(077); // must not matter inside
        chamber = Chamber::start({.program = checkout::bin() / "caisson-chamber",
                                  .trees = trees.get(),
                                  .ids = SubordinateIds::of_invoker(),
                                  .scope = scope});
        ::umask(usual);
    }

    /// The trees belong to subordinate ids: only a chamber can remove them.
    ~Shared()
    {
        std::vector<std::string> left;
        for (const auto& entry : fs::directory_iterator(directory.path() / "trees"))
            left.push_back(entry.path().filename());
        chamber->remove(left).wait();
    }
};

std::unique_ptr<CellTest::Shared> CellTest::shared_;
std::string CellTest::reason_;

void CellTest::SetUpTestSuite()
{
    set_up_chamber({});
}

void CellTest::set_up_chamber(const ChamberScope& scope)
{
    if (!user_namespaces_work())
        reason_ = "user namespaces are off here: " + user_namespace_hint();
    else if (!fs::exists(kBusybox))
        reason_ = "busybox-static is not installed";
    if (!reason_.empty()) return;
    shared_ = std::make_unique<Shared>(scope);
    Files files = {
        {"bin/busybox", read_file(kBusybox, 1U << 24)},
        {"bin/probe", read_file(checkout::probe(), 1U << 26)},
        {"bin/hog", read_file(checkout::hog(), 1U << 26)},
        {"etc/passwd", "root:x:0:0::/root:/bin/sh\nbuilder:x:1000:1000::/:/bin/sh\nbroken line\n"},
        {"etc/group", "root:x:0:\nbuilder:x:1000:\naudio:x:29:root,builder\n"},
        {"etc/hosts", "the image's own\n"},
        {"tmp/keep", ""},
        {"dev/", ""},
        {"proc/", ""}};
    for (const char* tool :
         {"sh",   "true",     "false", "cat",   "echo",  "env",    "id",   "ls",
          "kill", "sleep",    "stat",  "mkdir", "rm",    "touch",  "head", "readlink",
          "pwd",  "hostname", "grep",  "dd",    "nohup", "setsid", "wc",   "seq",
          "cut",  "ip",       "mv",    "nc",    "sort",  "test",   "yes"})
        files.emplace_back(std::string("bin/") + tool, "->busybox");
    make_tree_of("base", files);
}

void CellTest::TearDownTestSuite()
{
    shared_.reset();
}

void CellTest::SetUp()
{
    CAISSON_REQUIRE(reason_.empty(), reason_);
}

Chamber& CellTest::chamber()
{
    return *shared_->chamber;
}

fs::path CellTest::store()
{
    return shared_->directory.path();
}

int CellTest::filter()
{
    return shared_->filter.get();
}

void CellTest::make_tree_of(const std::string& id, const Files& files)
{
    const TempDirectory root(fs::temp_directory_path());
    for (const auto& [path, content] : files)
        write_entry(root.path(), path, content);
    const UniqueFd layer(::memfd_create("layer", MFD_CLOEXEC));
    Program tar = Program::start(
        {.path = "/bin/tar",
         .arguments =
             {"-C", root.path(), "--owner=0", "--group=0", "--numeric-owner", "-cf", "-", "."},
         .standard_output = layer.get()});
    ASSERT_EQ(tar.wait(), 0);
    ::lseek(layer.get(), 0, SEEK_SET);
    (void)chamber().unpack(id, {}, layer.get()).get();
}

Plan CellTest::plan(std::vector<std::string> argv)
{
    Plan plan;
    plan.name = "test";
    plan.lowers = {"base"};
    plan.upper = "upper-" + std::to_string(shared_->uppers++);
    plan.argv = std::move(argv);
    plan.environment = {"PATH=/bin"};
    plan.capabilities = {"CAP_CHOWN",
                         "CAP_DAC_OVERRIDE",
                         "CAP_FOWNER",
                         "CAP_FSETID",
                         "CAP_KILL",
                         "CAP_SETGID",
                         "CAP_SETUID",
                         "CAP_SETPCAP",
                         "CAP_SETFCAP",
                         "CAP_SYS_CHROOT",
                         "CAP_NET_BIND_SERVICE"};
    plan.limits.step_time = std::chrono::seconds(30);
    return plan;
}

Plan CellTest::script(const std::string& line)
{
    return plan({"sh", "-c", line});
}

Ended CellTest::run(const Plan& plan)
{
    return run_and(plan, [](const Chamber::Running&) {});
}

bool CellTest::succeeds_outside(const std::string& attempt)
{
    return caisson::testing::probe_outside({"--only", attempt}).at(0).is_open();
}

bool CellTest::succeeds_inside(const std::string& attempt)
{
    const Ended ended = run(plan({"probe", "--token", shared_->bait.token(), "--only", attempt}));
    EXPECT_TRUE(ended.outcome.ok()) << attempt << ": " << ended.output << ended.errors;
    const auto lines = caisson::testing::parse_probe_lines(ended.output);
    EXPECT_EQ(lines.size(), 1U) << attempt;
    return lines.size() == 1 && lines[0].is_open();
}

// --- pipes ---

struct PipeReaders::State {
    std::pair<UniqueFd, UniqueFd> output = make_pipe();
    std::pair<UniqueFd, UniqueFd> errors = make_pipe();
    std::string output_text;
    std::string errors_text;
    std::thread output_reader;
    std::thread errors_reader;
};

PipeReaders::PipeReaders()
    : state_(std::make_unique<State>())
{
    state_->output_reader = std::thread([state = state_.get()] {
        state->output_text = read_all(state->output.first.get(), kMostOutput, "output");
    });
    state_->errors_reader = std::thread([state = state_.get()] {
        state->errors_text = read_all(state->errors.first.get(), kMostOutput, "errors");
    });
}

PipeReaders::~PipeReaders()
{
    Ended ignored;
    finish(ignored);
}

int PipeReaders::output() const
{
    return state_->output.second.get();
}

int PipeReaders::errors() const
{
    return state_->errors.second.get();
}

void PipeReaders::finish(Ended& ended)
{
    if (!state_->output_reader.joinable()) return;
    state_->output.second.reset();
    state_->errors.second.reset();
    state_->output_reader.join();
    state_->errors_reader.join();
    ended.output = std::move(state_->output_text);
    ended.errors = std::move(state_->errors_text);
}

} // namespace caisson::sandbox::testing
