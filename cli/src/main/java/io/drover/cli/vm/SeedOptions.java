package io.drover.cli.vm;

import io.drover.cli.ExitCode;
import io.drover.cli.Failure;
import io.drover.debian.seed.Seed;
import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import picocli.CommandLine.Option;

/** What a guest is told of itself at its first boot. */
final class SeedOptions {
    private static final long USER_DATA_BYTES_MAX = 1 << 20;

    @Option(names = "--hostname", paramLabel = "H",
            description = "What the guest calls itself (default, if any of the options below is given: NAME).")
    private Optional<String> hostname = Optional.empty();
    @Option(names = "--ssh-key", paramLabel = "FILE",
            description = "Public keys that may log in, as root on images of `image build`. May be repeated.")
    private List<Path> keyFiles = new ArrayList<>();
    @Option(names = "--user-data", paramLabel = "FILE",
            description = "A script that the guest runs once (#!), or a #cloud-config: see docs/images.md.")
    private Optional<Path> userData = Optional.empty();
    @Option(names = "--password-hash", paramLabel = "HASH",
            description = "Of root's password for the console, as `openssl passwd -6` prints it.")
    private Optional<String> passwordHash = Optional.empty();
    @Option(names = "--network-config", paramLabel = "FILE",
            description = "For images with cloud-init. Those of `image build` ask for addresses by DHCP.")
    private Optional<Path> networkConfig = Optional.empty();

    /**
     * What was said, if anything was.
     *
     * @param vm         the VM's name
     * @param instanceId another for each VM that there ever was
     */
    Optional<Seed> seed(String vm, String instanceId) throws Failure {
        boolean wanted = hostname.isPresent() || !keyFiles.isEmpty() || userData.isPresent() || passwordHash.isPresent()
                || networkConfig.isPresent();
        if (!wanted) {
            return Optional.empty();
        }
        try {
            List<String> keys = new ArrayList<>();
            for (Path file : keyFiles) {
                List<String> found = read(vm, file).lines().map(String::strip)
                        .filter(line -> !line.isEmpty() && !line.startsWith("#")).toList();
                if (found.stream().anyMatch(line -> line.contains("PRIVATE KEY"))) {
                    throw new Failure(ExitCode.ERROR, "VM " + vm + " was not created", file + " is a private key",
                            "give the public one: --ssh-key " + file + ".pub");
                }
                keys.addAll(found);
            }
            Optional<String> data = userData.isPresent() ? Optional.of(read(vm, userData.get())) : Optional.empty();
            Optional<String> network = networkConfig.isPresent() ? Optional.of(read(vm, networkConfig.get()))
                    : Optional.empty();
            return Optional.of(new Seed(instanceId, hostname.orElse(vm), keys, passwordHash, data, network));
        } catch (IllegalArgumentException e) {
            throw new Failure(ExitCode.ERROR, "VM " + vm + " was not created", e.getMessage(), "");
        }
    }

    private static String read(String vm, Path file) throws Failure {
        try {
            if (Files.size(file) > USER_DATA_BYTES_MAX) {
                throw new IOException("it is larger than 1 MiB");
            }
            return Files.readString(file);
        } catch (CharacterCodingException e) {
            throw cannotRead(vm, file, "it is no text in UTF-8");
        } catch (IOException e) {
            throw cannotRead(vm, file, e.getMessage());
        }
    }

    private static Failure cannotRead(String vm, Path file, String why) {
        return new Failure(ExitCode.ERROR, "VM " + vm + " was not created", file + " cannot be read: " + why,
                "check the path and its permissions");
    }
}
