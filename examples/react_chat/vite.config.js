export default {
  esbuild: { jsx: "automatic" },
  // `npm run dev` beside `python server.py --port 8000`.
  server: { proxy: { "/api": "http://127.0.0.1:8000" } },
};
