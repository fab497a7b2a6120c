// The real caisson-signer, through its client.
#include "attest/provenance.hh"
#include "attest/signer/client.hh"
#include "attest/verify.hh"
#include "sandbox/base/channel.hh"
#include "sandbox/base/error.hh"
#include "sandbox/base/file.hh"
#include "sandbox/base/program.hh"
#include "tests/support/example_record.hh"
#include "tests/support/paths.hh"

#include <csignal>
#include <fcntl.h>
#include <fstream>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

namespace caisson::attest {
namespace {

const std::filesystem::path kSigner = checkout::bin() / "caisson-signer";

template<class Step>
ErrorKind kind_of_failure(Step step)
{
    try {
        step();
    } catch (const Error& error) {
        return error.kind();
    }
    ADD_FAILURE() << "no error";
    return ErrorKind::kInternal;
}

class Signer : public ::testing::Test {
protected:
    [[nodiscard]] SignerClient start() const { return SignerClient::start({kSigner, key_}); }

    const TempDirectory directory_{std::filesystem::temp_directory_path()};
    const std::filesystem::path key_ = directory_.path() / "key.pem";
    const std::string public_key_ = make_key(kSigner, key_);
    BuildRecord record_ = example_record();
};

TEST_F(Signer, SignsWhatVerifies)
{
    const std::string statement = make_provenance(record_);

    SignerClient signer = start();
    const Signed result = signer.sign(statement, record_.builder_id);

    const Expectations expected = {public_key_, record_.subject, record_.builder_id};
    EXPECT_TRUE(verify(result.bundle, expected).holds());
    EXPECT_TRUE(verify(result.envelope, expected).holds());
    EXPECT_EQ(result.public_key, public_key_);
    EXPECT_EQ(result.key_id, signer.key_id());
}

TEST_F(Signer, SignsAnInvocationOnceAlsoAfterARestart)
{
    const std::string statement = make_provenance(record_);
    SignerClient signer = start();
    (void)signer.sign(statement, record_.builder_id);

    const auto again = [&](SignerClient& by) { (void)by.sign(statement, record_.builder_id); };
    EXPECT_EQ(kind_of_failure([&] { again(signer); }), ErrorKind::kRefused);
    SignerClient other = start();
    EXPECT_EQ(kind_of_failure([&] { again(other); }), ErrorKind::kRefused);

    record_.invocation_id.back() = '0';
    (void)other.sign(make_provenance(record_), record_.builder_id);
}

TEST_F(Signer, GoesOnAfterARefusal)
{
    SignerClient signer = start();
    EXPECT_EQ(kind_of_failure([&] { (void)signer.sign("{}", record_.builder_id); }),
              ErrorKind::kRefused);
    EXPECT_EQ(kind_of_failure([&] { (void)signer.sign(make_provenance(record_), "\xff"); }),
              ErrorKind::kRefused);

    EXPECT_NO_THROW((void)signer.sign(make_provenance(record_), record_.builder_id));
}

TEST_F(Signer, TakesALargeStatementAndRefusesATooLargeOne)
{
    SignerClient signer = start();
    record_.external_parameters["labels"] = {{"large", std::string(4U << 20, 'x')}};

    EXPECT_NO_THROW((void)signer.sign(make_provenance(record_), record_.builder_id))
        << "larger than a message of the channel";
    const std::string too_large((32U << 20) + 1, 'x');
    EXPECT_EQ(kind_of_failure([&] { (void)signer.sign(too_large, record_.builder_id); }),
              ErrorKind::kRefused);
}

TEST_F(Signer, SaysThatAKeyIsOfNoUse)
{
    ASSERT_EQ(::chmod(key_.c_str(), 0644), 0);
    EXPECT_EQ(kind_of_failure([&] { (void)start().key_id(); }), ErrorKind::kInput);

    std::filesystem::remove(key_);
    EXPECT_EQ(kind_of_failure([&] { (void)start().key_id(); }), ErrorKind::kInput);
    EXPECT_EQ(kind_of_failure([&] { (void)show_key(kSigner, key_); }), ErrorKind::kInput);
}

TEST_F(Signer, MakesAKeyOnceAndShowsIt)
{
    EXPECT_EQ(show_key(kSigner, key_), public_key_);
    EXPECT_EQ(kind_of_failure([&] { (void)make_key(kSigner, key_); }), ErrorKind::kInput);
    EXPECT_EQ(show_key(kSigner, key_), public_key_);
}

TEST_F(Signer, MissingIsSaidAtOnce)
{
    EXPECT_EQ(kind_of_failure([&] {
                  (void)SignerClient::start({directory_.path() / "no-such-program", key_});
              }),
              ErrorKind::kHost);
}

/// Kills the one child of this process.
void kill_signer()
{
    const std::string own = "/proc/self/task/" + std::to_string(::gettid()) + "/children";
    int pid = 0;
    std::ifstream(own) >> pid;
    ASSERT_GT(pid, 0);
    ::kill(pid, SIGKILL);
    siginfo_t ended = {};
    ::waitid(P_PID, static_cast<id_t>(pid), &ended, WEXITED | WNOWAIT);
}

TEST_F(Signer, KilledIsSaidWithAHint)
{
    for (const bool ready : {false, true}) {
        SignerClient signer = start();
        if (ready) (void)signer.key_id();
        kill_signer();
        try {
            (void)signer.sign("{}", "builder");
            FAIL() << "it answered";
        } catch (const Error& error) {
            EXPECT_EQ(error.kind(), ErrorKind::kHost);
            EXPECT_STREQ(error.what(),
                         "the signer ended unexpectedly (hint: was it killed, or is the host short "
                         "of memory?)");
        }
    }
}

/// A signer as a child of ours, whose socket we hold, and that has said that it is ready.
struct Bare {
    Channel channel;
    Program program;
};

Bare start_bare(const std::filesystem::path& key)
{
    auto [ours, theirs] = Channel::make_pair();
    ProgramOptions options;
    options.path = kSigner;
    options.arguments = {"serve", key.native()};
    options.descriptors = {{3, theirs.get()}};
    Bare bare = {std::move(ours), Program::start(options)};
    theirs.reset();
    EXPECT_TRUE(bare.channel.receive());
    return bare;
}

TEST_F(Signer, EndsWhenItsSocketCloses)
{
    Bare bare = start_bare(key_);

    bare.channel.shutdown(); // what the kernel does when the runner is killed

    EXPECT_EQ(bare.program.wait(), 0);
}

TEST_F(Signer, HasNothingOpenButItsSocketItsListAndStandardStreams)
{
    const Bare bare = start_bare(key_);

    // only root may look: the signer is not dumpable
    const std::filesystem::path open = "/proc/" + std::to_string(bare.program.pid()) + "/fd";
    if (::geteuid() != 0) {
        EXPECT_THROW(std::filesystem::directory_iterator{open}, std::filesystem::filesystem_error);
        return;
    }
    EXPECT_EQ(std::distance(std::filesystem::directory_iterator(open), {}), 5);
}

bool can_read_memory_of(const Program& program)
{
    const std::string memory = "/proc/" + std::to_string(program.pid()) + "/mem";
    return static_cast<bool>(UniqueFd(::open(memory.c_str(), O_RDONLY | O_CLOEXEC)));
}

// A1, threat E: another process of the same user cannot read the key out of the signer.
TEST_F(Signer, CannotBeLookedIntoByItsOwnUser)
{
    constexpr uid_t kNobody = 65534;
    const bool is_root = ::geteuid() == 0;
    if (is_root) {
        ASSERT_EQ(::chown(directory_.path().c_str(), kNobody, kNobody), 0);
        ASSERT_EQ(::chown(key_.c_str(), kNobody, kNobody), 0);
    }
    const pid_t child = ::fork();
    if (child == 0) {
        if (is_root && (::setresgid(kNobody, kNobody, kNobody) != 0 ||
                        ::setresuid(kNobody, kNobody, kNobody) != 0))
            ::_exit(9);
        ProgramOptions sleep;
        sleep.path = "/bin/sleep";
        sleep.arguments = {"60"};
        Program open_to_all = Program::start(sleep);
        const Bare bare = start_bare(key_);
        const int status = !can_read_memory_of(open_to_all) ? 8 : can_read_memory_of(bare.program);
        open_to_all.kill();
        ::_exit(status);
    }
    int status = 0;
    ::waitpid(child, &status, 0);
    EXPECT_TRUE(WIFEXITED(status));
    EXPECT_EQ(WEXITSTATUS(status), 0) << "8: not even an ordinary program's memory";
}

} // namespace
} // namespace caisson::attest
