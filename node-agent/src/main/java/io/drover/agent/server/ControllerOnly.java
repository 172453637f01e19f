package io.drover.agent.server;

import io.grpc.Grpc;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.grpc.Status;
import java.security.cert.Certificate;
import java.security.cert.CertificateParsingException;
import java.security.cert.X509Certificate;
import java.util.List;
import java.util.Optional;
import javax.net.ssl.SSLPeerUnverifiedException;
import javax.net.ssl.SSLSession;

/** Serves callers whose certificate says that they are a controller, and nobody else. For servers with mutual TLS. */
final class ControllerOnly implements ServerInterceptor {
    private static final String ROLE = "drover://controller/";
    /** uniformResourceIdentifier: RFC 5280, 4.2.1.6. */
    private static final int URI_NAME = 6;

    @Override
    public <Q, A> ServerCall.Listener<Q> interceptCall(ServerCall<Q, A> call, Metadata headers,
            ServerCallHandler<Q, A> next) {
        Optional<SSLSession> session = Optional.ofNullable(call.getAttributes().get(Grpc.TRANSPORT_ATTR_SSL_SESSION));
        List<String> names = session.map(ControllerOnly::uris).orElse(List.of());
        if (names.stream().anyMatch(name -> name.startsWith(ROLE) && name.length() > ROLE.length())) {
            return next.startCall(call, headers);
        }
        call.close(Status.PERMISSION_DENIED
                .withDescription("an agent serves controllers only: the caller's certificate names " + names
                        + " (expected: a URI " + ROLE + "<id>)"),
                new Metadata());
        return new ServerCall.Listener<>() {};
    }

    private static List<String> uris(SSLSession session) {
        try {
            Certificate[] chain = session.getPeerCertificates();
            if (chain.length == 0 || !(chain[0] instanceof X509Certificate certificate)) {
                return List.of();
            }
            return Optional.ofNullable(certificate.getSubjectAlternativeNames()).orElse(List.<List<?>>of()).stream()
                    .filter(name -> Integer.valueOf(URI_NAME).equals(name.getFirst())).map(name -> (String) name.get(1))
                    .toList();
        } catch (SSLPeerUnverifiedException | CertificateParsingException expected) {
            return List.of();
        }
    }
}
