/** How often a series is observed. */
export type MacroFrequency = 'daily' | 'monthly' | 'quarterly';

/** One series of `macro_indicators_daily`. */
export interface MacroColumn {
  /** The column's name in the store, and a name that files may carry. */
  readonly name: string;
  /** The other name under which files carry it. */
  readonly longName: string;
  readonly unit: string;
  readonly frequency: MacroFrequency;
  /** Days after its date D on which a value is safely known. */
  readonly lagDays: number;
}

const column = (
  name: string,
  longName: string,
  unit: string,
  frequency: MacroFrequency,
  lagDays: number,
): MacroColumn => Object.freeze({ name, longName, unit, frequency, lagDays });

/** The 37 series that are stored, in the order of the table's columns. */
// prettier-ignore
export const MACRO_COLUMNS: readonly MacroColumn[] = Object.freeze([
  column('dxy', 'fxrt_index_dxy_usa_d_dxy', 'index (1973=100)', 'daily', 1),
  column('vix', 'volt_vix_usa_d_vix', 'index points', 'daily', 1),
  column('embi', 'crsk_spread_embi_col_d_embi', 'basis points', 'daily', 1),
  column('brent', 'comm_oil_brent_glb_d_brent', 'USD/bbl', 'daily', 1),
  column('wti', 'comm_oil_wti_glb_d_wti', 'USD/bbl', 'daily', 1),
  column('gold', 'comm_metal_gold_glb_d_gold', 'USD/oz', 'daily', 1),
  column('coffee', 'comm_agri_coffee_glb_d_coffee', 'US cents/lb', 'daily', 1),
  column('colcap', 'eqty_index_colcap_col_d_colcap', 'index points', 'daily', 1),
  column('col10y', 'finc_bond_yield10y_col_d_col10y', 'percent', 'daily', 1),
  column('col5y', 'finc_bond_yield5y_col_d_col5y', 'percent', 'daily', 1),
  column('ust10y', 'finc_bond_yield10y_usa_d_ust10y', 'percent', 'daily', 1),
  column('ust2y', 'finc_bond_yield2y_usa_d_dgs2', 'percent', 'daily', 1),
  column('ibr', 'finc_rate_ibr_overnight_col_d_ibr', 'percent', 'daily', 1),
  column('tpm', 'polr_policy_rate_col_d_tpm', 'percent', 'daily', 0),
  column('prime', 'polr_prime_rate_usa_d_prime', 'percent', 'daily', 1),
  column('fedfunds', 'polr_fed_funds_usa_m_fedfunds', 'percent', 'monthly', 35),
  column('usdmxn', 'fxrt_spot_usdmxn_mex_d_usdmxn', 'MXN per USD', 'daily', 1),
  column('usdclp', 'fxrt_spot_usdclp_chl_d_usdclp', 'CLP per USD', 'daily', 1),
  column('itcr', 'fxrt_reer_bilateral_col_m_itcr', 'index', 'monthly', 20),
  column('tot', 'ftrd_terms_trade_col_m_tot', 'index', 'monthly', 50),
  column('cci', 'crsk_sentiment_cci_col_m_cci', 'balance points', 'monthly', 20),
  column('ici', 'crsk_sentiment_ici_col_m_ici', 'balance points', 'monthly', 25),
  column('exports', 'ftrd_exports_total_col_m_expusd', 'USD mn FOB', 'monthly', 67),
  column('imports', 'ftrd_imports_total_col_m_impusd', 'USD mn', 'monthly', 83),
  column('cpi_col', 'infl_cpi_total_col_m_ipccol', 'index Dec-2018=100', 'monthly', 10),
  column('reserves', 'rsbp_reserves_international_col_m_resint', 'USD mn', 'monthly', 12),
  column('cacct', 'rsbp_current_account_col_q_cacct', 'USD mn', 'quarterly', 75),
  column('fdi_in', 'rsbp_fdi_inflow_col_q_fdiin', 'USD mn', 'quarterly', 90),
  column('fdi_out', 'rsbp_fdi_outflow_col_q_fdiout', 'USD mn', 'quarterly', 90),
  column('gdp_us', 'gdpp_real_gdp_usa_q_gdp_q', 'USD bn, nominal', 'quarterly', 122),
  column('cpi_us', 'infl_cpi_all_usa_m_cpiaucsl', 'index 1982-84=100', 'monthly', 46),
  column('core_cpi_us', 'infl_cpi_core_usa_m_cpilfesl', 'index 1982-84=100', 'monthly', 46),
  column('pce', 'infl_pce_usa_m_pcepi', 'index 2017=100', 'monthly', 63),
  column('unrate', 'labr_unemployment_usa_m_unrate', 'percent', 'monthly', 39),
  column('m2', 'mnys_m2_supply_usa_m_m2sl', 'USD bn', 'monthly', 59),
  column('indpro', 'prod_industrial_usa_m_indpro', 'index 2017=100', 'monthly', 49),
  column('umcsent', 'sent_consumer_usa_m_umcsent', 'index', 'monthly', 31),
]);

/** Series that files carry and the store has no column for: named in the report, and left out. */
// prettier-ignore
export const MACRO_NOT_STORED: Readonly<Record<string, string>> = Object.freeze({
  fxrt_spot_usdcop_col_d_usdcop: 'usdcop_d',
  fxrt_reer_bilateral_usa_col_m_itcr_usa: 'itcr_usa',
  infl_exp_eof_col_m_infexp: 'infexp_col',
  rsbp_fdi_outflow_col_a_idce: 'idce',
});

/** Stored names, in the order of {@link MACRO_COLUMNS}. */
export const MACRO_NAMES: readonly string[] = Object.freeze(MACRO_COLUMNS.map((one) => one.name));
