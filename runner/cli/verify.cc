#include "attest/verify.hh"

#include "runner/cli/command.hh"
#include "runner/cli/exit_code.hh"
#include "runner/cli/image_digest.hh"
#include "sandbox/base/error.hh"
#include "sandbox/base/file.hh"

#include <CLI/CLI.hpp>
#include <cstdio>
#include <memory>

namespace caisson::runner {
namespace {

constexpr std::size_t kMaxKey = 16U << 10;
constexpr std::size_t kMaxBundle = 64U << 20;

struct Options {
    std::string image;
    std::string key;
    std::string bundle;
    std::optional<std::string> builder_id;
};

void print(const attest::Digest& image, const attest::Verdict& verdict)
{
    std::printf("image %s\n", image.text().c_str());
    for (const attest::Clause& clause : verdict.clauses)
        std::printf("  %-6s %-15s %s\n",
                    clause.holds ? "holds" : "FAILS",
                    clause.name.c_str(),
                    clause.reason.c_str());
    std::puts(verdict.holds() ? "verified" : "NOT VERIFIED");
}

int verify_image(const Options& options)
{
    attest::Expectations expected;
    expected.public_key = read_file(options.key, kMaxKey);
    expected.builder_id = options.builder_id;
    FoundImage image = find_image(options.image, !options.bundle.empty());
    if (!options.bundle.empty()) image.bundle = read_file(options.bundle, kMaxBundle);
    if (!image.bundle)
        throw Error(ErrorKind::kInput,
                    "no attestation lies beside \"" + options.image + "\"",
                    "give the bundle's file with --bundle");
    expected.subject = image.digest;
    const attest::Verdict verdict = attest::verify(*image.bundle, expected);
    print(image.digest, verdict);
    return verdict.holds() ? 0 : exit_code(ErrorKind::kUnverified);
}

} // namespace

Action add_verify(CLI::App& app)
{
    const auto options = std::make_shared<Options>();
    app.add_option("IMAGE",
                   options->image,
                   "An OCI archive or layout directory, a name in the store, or sha256:…")
        ->required();
    app.add_option("--key", options->key, "The public key that is trusted (PEM)")->required();
    app.add_option("--bundle", options->bundle, "The attestation (default: the one beside IMAGE)");
    app.add_option("--builder-id", options->builder_id, "The builder that is trusted, exactly");
    return [options] { return verify_image(*options); };
}

} // namespace caisson::runner
