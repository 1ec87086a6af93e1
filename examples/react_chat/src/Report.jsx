import { experimental_useObject as useObject } from "@ai-sdk/react";
import { useEffect } from "react";
import { z } from "zod";

const schema = z.object({
  title: z.string(),
  summary: z.string(),
  findings: z.array(z.object({ place: z.string(), severity: z.string(), text: z.string() })),
});

export function Report() {
  const { object, submit, isLoading, error, stop } = useObject({ api: "/api/report", schema });

  // Browsers keep pages that were left for whoever goes back to them, and their connections, too.
  useEffect(() => {
    addEventListener("pagehide", stop);
    return () => removeEventListener("pagehide", stop);
  }, [stop]);

  function ask(event) {
    event.preventDefault();
    submit({ text: new FormData(event.target).get("text") });
  }

  return (
    <>
      <h1>{object?.title ?? "A report"}</h1>
      <p className="summary">{object?.summary}</p>
      <ul>
        {object?.findings?.map((finding, index) => (
          <li key={index}>
            <span className="name">{finding?.place}</span> {finding?.severity}
            <div className="text">{finding?.text}</div>
          </li>
        ))}
      </ul>
      <p role="status">{isLoading ? "streaming" : error ? "error" : object ? "complete" : "ready"}</p>
      {error && <p role="alert">The report has broken off: {error.message}</p>}
      <form onSubmit={ask}>
        <input name="text" defaultValue="Monday's builds failed. Report, please." />
        <button disabled={isLoading}>Report</button>
        <button type="button" onClick={stop} disabled={!isLoading}>Stop</button>
      </form>
    </>
  );
}
