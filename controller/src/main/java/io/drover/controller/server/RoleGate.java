package io.drover.controller.server;

import com.linecorp.armeria.common.HttpRequest;
import com.linecorp.armeria.common.HttpResponse;
import com.linecorp.armeria.server.DecoratingHttpServiceFunction;
import com.linecorp.armeria.server.HttpService;
import com.linecorp.armeria.server.ServiceRequestContext;
import io.drover.controller.agent.Roles;
import io.drover.controller.problem.Problem;
import io.drover.controller.problem.ProblemStatus;
import java.security.cert.CertificateParsingException;
import java.security.cert.X509Certificate;
import java.util.Optional;
import javax.net.ssl.SSLPeerUnverifiedException;
import javax.net.ssl.SSLSession;

/** With TLS, serves clients and controllers only: the certificate of an agent must not be good for more than running VMs. */
final class RoleGate implements DecoratingHttpServiceFunction {
    @Override
    public HttpResponse serve(HttpService delegate, ServiceRequestContext ctx, HttpRequest request) throws Exception {
        Optional<String> role = role(ctx.sslSession());
        if (role.filter(name -> name.startsWith("drover://client/") || name.startsWith("drover://controller/"))
                .isPresent()) {
            return delegate.serve(ctx, request);
        }
        return JsonErrors
                .response(ProblemStatus.of(new Problem.Denied("role in the certificate : " + role.orElse("none")
                        + " (expected: drover://client/… or drover://controller/…)")));
    }

    private static Optional<String> role(SSLSession session) throws CertificateParsingException {
        if (session == null) {
            return Optional.empty();
        }
        try {
            return session.getPeerCertificates()[0] instanceof X509Certificate leaf ? Roles.of(leaf) : Optional.empty();
        } catch (SSLPeerUnverifiedException e) {
            return Optional.empty();
        }
    }
}
