package io.drover.cli.ca;

import io.drover.cli.ExitCode;
import io.drover.cli.Failure;
import io.drover.cli.Surroundings;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.time.Duration;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

@Command(name = "init",
        description = "Make a certificate authority: ca.pem and ca-key.pem in a folder that you keep safe.")
final class CaInit implements Callable<Integer> {
    private final Surroundings surroundings;

    @Option(names = "--dir", required = true, paramLabel = "DIR", description = "Where to put them.")
    private Path directory = Path.of("");
    @Option(names = "--name", paramLabel = "NAME", defaultValue = "drover-ca",
            description = "Its name (default: ${DEFAULT-VALUE}).")
    private String name = "";
    @Option(names = "--days", paramLabel = "N", defaultValue = "3650",
            description = "How long it is valid (default: ${DEFAULT-VALUE}).")
    private int days;

    CaInit(Surroundings surroundings) {
        this.surroundings = surroundings;
    }

    @Override
    public Integer call() throws Failure {
        Days.check(days);
        try {
            Files.createDirectories(directory);
            CertificateAuthority authority = CertificateAuthority.create(name, Duration.ofDays(days),
                    surroundings.clock());
            PemFiles.writeKey(directory.resolve("ca-key.pem"), authority.authority().key());
            PemFiles.writeCertificate(directory.resolve("ca.pem"), authority.authority().certificate());
        } catch (IOException | GeneralSecurityException e) {
            throw new Failure(ExitCode.ERROR, "the authority was not made", e.getMessage(),
                    "name another folder: every certificate of a cluster hangs on its one authority");
        }
        surroundings.out().println("made " + directory.resolve("ca.pem") + " and " + directory.resolve("ca-key.pem")
                + "\nnext: drover ca issue --ca " + directory + " --role controller --name NAME --out DIR");
        return ExitCode.OK.number();
    }
}
