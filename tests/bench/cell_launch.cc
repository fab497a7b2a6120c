// What one launch costs: a cell with all its walls, beside a plain fork and exec and beside
// bubblewrap. Run by scripts/bench with random interleaving, so that a drift of the machine's speed
// meets all of them alike.
#include "runner/job/compile_filter.hh"
#include "runner/job/compile_plan.hh"
#include "runner/job/context.hh"
#include "runner/store/store.hh"
#include "sandbox/base/error.hh"
#include "sandbox/base/file.hh"
#include "sandbox/base/program.hh"
#include "sandbox/launch.hh"
#include "tests/support/paths.hh"

#include <benchmark/benchmark.h>
#include <fcntl.h>
#include <sys/stat.h>

namespace caisson {
namespace {

namespace fs = std::filesystem;

/// A store, a chamber and a tree that holds /bin/busybox.
class Bench {
public:
    /// `cgroups`: where this host gives some.
    static Bench& instance(bool cgroups = true)
    {
        static Bench with(true);
        static Bench without(false);
        return cgroups ? with : without;
    }

    void run_cell()
    {
        auto [output_read, output] = make_pipe();
        auto [errors_read, errors] = make_pipe();
        const std::string tree = store_->new_tree();
        plan_.upper = tree;
        auto running = chamber_->run(
            plan_, filter_.program.get(), {.output = output.get(), .errors = errors.get()});
        output.reset();
        errors.reset();
        if (!chamber_->wait(running).ok())
            throw Error(ErrorKind::kInternal, "the cell did not end well");
        used_.push_back(tree);
    }

    void clean()
    {
        chamber_->remove(used_).get();
        used_.clear();
    }

    [[nodiscard]] fs::path root() const { return root_; }

private:
    explicit Bench(bool cgroups)
        : directory_(fs::temp_directory_path(), "caisson-bench-")
        , root_(directory_.path() / "root")
        , store_(runner::Store::open(directory_.path() / "store"))
    {
        fs::create_directories(root_ / "bin");
        fs::copy_file("/bin/busybox", root_ / "bin/busybox");
        fs::create_symlink("busybox", root_ / "bin/true");
        for (const char* name : {"dev", "proc", "tmp"})
            fs::create_directory(root_ / name);
        const policies::Policy policy = policies::load_policy("default");
        filter_ = runner::filter_of_policy(policy);
        plan_ = runner::plan_of_policy(policy, filter_.digest);
        plan_.argv = {"/bin/true"};
        plan_.environment = {"PATH=/bin"};
        chamber_ = sandbox::Chamber::start({.program = checkout::bin() / "caisson-chamber",
                                            .trees = store_->trees(),
                                            .ids = sandbox::SubordinateIds::of_invoker(),
                                            .cgroups = cgroups});
        const std::string base = store_->new_tree();
        auto [read_end, write_end] = make_pipe();
        auto received = chamber_->receive({.upper = base, .destination = "/", .directory = true},
                                          read_end.get());
        read_end.reset();
        const runner::Context context = runner::Context::walk(root_, {});
        context.write_tar(context.select({"."}), "", 0, write_end.get());
        write_end.reset();
        received.get();
        plan_.lowers = {base};
        used_.push_back(base);
    }

    ~Bench() { clean(); }

    TempDirectory directory_;
    fs::path root_;
    std::unique_ptr<runner::Store> store_;
    std::unique_ptr<sandbox::Chamber> chamber_;
    runner::Filter filter_;
    sandbox::Plan plan_;
    std::vector<std::string> used_;
};

void cell(benchmark::State& state)
{
    for ([[maybe_unused]] auto _ : state)
        Bench::instance().run_cell();
}
BENCHMARK(cell)->Unit(benchmark::kMillisecond)->UseRealTime()->Iterations(40);

void cell_without_cgroups(benchmark::State& state)
{
    for ([[maybe_unused]] auto _ : state)
        Bench::instance(false).run_cell();
}
BENCHMARK(cell_without_cgroups)->Unit(benchmark::kMillisecond)->UseRealTime()->Iterations(40);

void program(benchmark::State& state, const ProgramOptions& options)
{
    for ([[maybe_unused]] auto _ : state)
        if (Program::start(options).wait() != 0) state.SkipWithError("it did not end well");
}

void fork_and_exec(benchmark::State& state)
{
    program(state, {.path = Bench::instance().root() / "bin/true"});
}
BENCHMARK(fork_and_exec)->Unit(benchmark::kMillisecond)->UseRealTime()->Iterations(40);

void bwrap_unshare_all(benchmark::State& state)
{
    program(state,
            {.path = "/usr/bin/bwrap",
             .arguments = {"--unshare-all",
                           "--bind",
                           Bench::instance().root(),
                           "/",
                           "--proc",
                           "/proc",
                           "--dev",
                           "/dev",
                           "/bin/true"},
             .environment = {"PATH=/bin"}});
}
BENCHMARK(bwrap_unshare_all)->Unit(benchmark::kMillisecond)->UseRealTime()->Iterations(40);

} // namespace
} // namespace caisson

BENCHMARK_MAIN();
