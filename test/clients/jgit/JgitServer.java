/** JGit behind Jetty, as Gerrit, Gitblit and GitBucket have it: repositories of one folder over smart HTTP. */
import java.io.File;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;
import org.eclipse.jetty.servlet.ServletContextHandler;
import org.eclipse.jetty.servlet.ServletHolder;
import org.eclipse.jgit.http.server.GitServlet;
import org.eclipse.jgit.transport.ReceivePack;
import org.eclipse.jgit.transport.resolver.FileResolver;

public class JgitServer {
  public static void main(String[] arguments) throws Exception {
    File root = new File(arguments[0]);
    GitServlet git = new GitServlet();
    git.setRepositoryResolver(new FileResolver<>(root, true));
    git.setReceivePackFactory((request, repository) -> new ReceivePack(repository));
    Server server = new Server();
    ServerConnector connector = new ServerConnector(server);
    connector.setHost("127.0.0.1");
    connector.setPort(0);
    server.addConnector(connector);
    ServletContextHandler context = new ServletContextHandler();
    context.addServlet(new ServletHolder(git), "/git/*");
    server.setHandler(context);
    server.start();
    System.out.println("listening " + connector.getLocalPort());
    // Ends with whoever started it.
    while (System.in.read() >= 0) {}
    server.stop();
    System.exit(0);
  }
}
