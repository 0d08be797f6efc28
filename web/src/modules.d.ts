/** What the build puts in. */
declare module '*.css';
/** The custom properties of src/charts/theme.ts, as CSS for both colour schemes. */
declare module 'virtual:tokens.css';
