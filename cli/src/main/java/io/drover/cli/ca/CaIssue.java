package io.drover.cli.ca;

import io.drover.cli.ExitCode;
import io.drover.cli.Failure;
import io.drover.cli.Surroundings;
import io.drover.cli.ca.CertificateAuthority.Identity;
import io.drover.cli.ca.CertificateAuthority.Subject;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.regex.Pattern;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

@Command(name = "issue",
        description = "Make a key and a certificate for one controller, agent or client: a folder for its --tls-dir.",
        footer = {
                "",
                "Example: drover ca issue --ca ca --role agent --name host-1 --dns host-1.example.org --out host-1-tls"})
final class CaIssue implements Callable<Integer> {
    private static final Pattern NAME = Pattern.compile("[a-z]([a-z0-9-]{0,61}[a-z0-9])?");

    private final Surroundings surroundings;

    @Option(names = "--ca", required = true, paramLabel = "DIR", description = "The folder that `drover ca init` made.")
    private Path authorityDirectory = Path.of("");
    @Option(names = "--role", required = true, paramLabel = "ROLE", description = "controller, agent or client.")
    private Role role = Role.CLIENT;
    @Option(names = "--name", required = true, paramLabel = "NAME",
            description = "The controller's --id, the agent's --host, or the client's name.")
    private String name = "";
    @Option(names = "--dns", paramLabel = "NAME", description = "A name that others reach it by. May be repeated.")
    private List<String> dnsNames = new ArrayList<>();
    @Option(names = "--ip", paramLabel = "ADDRESS",
            description = "An address that others reach it by. May be repeated.")
    private List<String> addresses = new ArrayList<>();
    @Option(names = "--out", required = true, paramLabel = "DIR",
            description = "Where to put ca.pem, cert.pem and key.pem.")
    private Path out = Path.of("");
    @Option(names = "--days", paramLabel = "N", defaultValue = "825",
            description = "How long it is valid (default: ${DEFAULT-VALUE}).")
    private int days;

    CaIssue(Surroundings surroundings) {
        this.surroundings = surroundings;
    }

    @Override
    public Integer call() throws Failure {
        Days.check(days);
        if (!NAME.matcher(name).matches()) {
            throw new Failure(ExitCode.ERROR, "no certificate was made", "--name " + name
                    + " (expected: 1 to 63 of a-z, 0-9 and '-', a letter first, no '-' last)",
                    "give the name that it has in the cluster");
        }
        try {
            Identity authority = PemFiles.read(authorityDirectory.resolve("ca.pem"),
                    authorityDirectory.resolve("ca-key.pem"));
            Identity issued = new CertificateAuthority(authority, surroundings.clock()).issue(subject(),
                    Duration.ofDays(days));
            Files.createDirectories(out);
            PemFiles.writeKey(out.resolve("key.pem"), issued.key());
            PemFiles.writeCertificate(out.resolve("cert.pem"), issued.certificate());
            PemFiles.writeCertificate(out.resolve("ca.pem"), authority.certificate());
            surroundings.out().println("made " + role.uri(name) + " in " + out + ", valid until "
                    + issued.certificate().getNotAfter().toInstant());
        } catch (IOException | GeneralSecurityException | IllegalArgumentException e) {
            throw new Failure(ExitCode.ERROR, "no certificate was made", String.valueOf(e.getMessage()),
                    "check --ca (made by `drover ca init`), the names and addresses, and that --out is a new folder");
        }
        return ExitCode.OK.number();
    }

    /** Servers are also reached from their own machine. */
    private Subject subject() {
        Set<String> names = new LinkedHashSet<>(dnsNames);
        Set<String> ips = new LinkedHashSet<>(addresses);
        if (role != Role.CLIENT) {
            names.add(name);
            names.add("localhost");
            ips.add("127.0.0.1");
        }
        return new Subject(role, name, List.copyOf(names), List.copyOf(ips));
    }
}
